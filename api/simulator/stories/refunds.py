"""Orders that are refunded, and refunds that fail or are canceled."""

from __future__ import annotations

from api.simulator.actions import payments, refunds
from api.simulator.context import StoryContext
from api.simulator.world import Charge


def refund_that_fails(ctx: StoryContext) -> None:
    """A refund succeeds, and four days later the bank returns it: the order is paid again."""
    charge = _paid_charge(ctx, amount=8_000)
    refund = refunds.create(ctx, charge, 3_000)
    ctx.wait(days=4)
    refunds.fail(ctx, refund)


def refund_fails_then_charge_is_seen_again(ctx: StoryContext) -> None:
    """After the refund failed, an unrelated event of the charge shows its lower amount."""
    charge = _paid_charge(ctx)
    refund = refunds.create(ctx, charge, status="pending", pending_reason="processing")
    ctx.wait(days=1)
    refunds.succeed(ctx, refund)
    ctx.wait(days=5)
    refunds.fail(ctx, refund)
    ctx.wait(hours=1)
    payments.update_metadata(ctx, charge, note="will send a cheque")


def refund_fails_and_is_repeated(ctx: StoryContext) -> None:
    """The first refund fails, the second succeeds."""
    charge = _paid_charge(ctx)
    first = refunds.create(ctx, charge)
    ctx.wait(days=2)
    refunds.fail(ctx, first)
    ctx.wait(days=1)
    refunds.create(ctx, charge, reason="duplicate")


def later_refund_fails(ctx: StoryContext) -> None:
    """A refund is told by its charge; a later one, which only `refund.*` tell, fails."""
    charge = _paid_charge(ctx, amount=9_000)
    refunds.create(ctx, charge, 3_000)
    ctx.wait(hours=1)
    later = refunds.create(
        ctx,
        charge,
        2_000,
        is_told_by_charge=False,
        status="pending",
        pending_reason="insufficient_funds",
    )
    ctx.wait(days=2)
    refunds.fail(ctx, later)


def full_refund(ctx: StoryContext) -> None:
    """The whole amount is refunded, in two steps."""
    charge = _paid_charge(ctx)
    refunds.create(ctx, charge, charge.amount // 2, metadata={"case": ctx.ids.text(6)})
    ctx.wait(minutes=3)
    refunds.create(ctx, charge)


def refund_canceled_while_pending(ctx: StoryContext) -> None:
    """The merchant cancels a refund that is still pending."""
    charge = _paid_charge(ctx)
    refund = refunds.create(ctx, charge, charge.amount // 3, status="pending")
    ctx.wait(hours=2)
    refunds.cancel(ctx, refund)


def _paid_charge(ctx: StoryContext, amount: int | None = None) -> Charge:
    intent = payments.create_intent(ctx, amount=amount or ctx.price())
    ctx.wait(2)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=1)
    return charge
