"""Orders whose money goes back, or seems to."""

from __future__ import annotations

from api.simulator.actions import payments, returns
from api.simulator.context import StoryContext
from api.simulator.world import Charge


def refund_that_fails(ctx: StoryContext) -> None:
    """Given back, arrived, and four days later returned by the bank: paid again."""
    charge = _paid(ctx, amount=8_000)
    refund = returns.give_back(ctx, charge, 3_000)
    ctx.wait(days=4)
    returns.come_back(ctx, refund)


def refund_fails_then_charge_is_seen_again(ctx: StoryContext) -> None:
    """After the failure the charge itself shows the lower amount, in an unrelated change."""
    charge = _paid(ctx)
    refund = returns.give_back(ctx, charge, status="pending")
    ctx.wait(days=1)
    returns.arrive(ctx, refund)
    ctx.wait(days=5)
    returns.come_back(ctx, refund)
    ctx.wait(hours=1)
    returns.annotate(ctx, charge, note="will send a cheque")


def refund_fails_and_is_repeated(ctx: StoryContext) -> None:
    """The first attempt to give back returns, the second stays."""
    charge = _paid(ctx)
    first = returns.give_back(ctx, charge)
    ctx.wait(days=2)
    returns.come_back(ctx, first)
    ctx.wait(days=1)
    returns.give_back(ctx, charge, reason="duplicate")


def full_refund(ctx: StoryContext) -> None:
    """All of it goes back, in two steps."""
    charge = _paid(ctx)
    returns.give_back(ctx, charge, charge.amount // 2)
    ctx.wait(minutes=3)
    returns.give_back(ctx, charge)


def refund_canceled_while_pending(ctx: StoryContext) -> None:
    """The merchant stops a refund that was not sent yet."""
    charge = _paid(ctx)
    refund = returns.give_back(ctx, charge, charge.amount // 3, status="pending")
    ctx.wait(hours=2)
    returns.come_back(ctx, refund, status="canceled")


def _paid(ctx: StoryContext, amount: int | None = None) -> Charge:
    intent = payments.intend(ctx, amount=amount or ctx.price())
    ctx.wait(2)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=1)
    return charge
