"""Bills that stand alone, and how they end."""

from __future__ import annotations

from api.simulator.actions import billing
from api.simulator.context import StoryContext
from api.simulator.world import Invoice


def invoice_paid_in_one_second(ctx: StoryContext) -> None:
    """Drafted, finalized and paid before the clock ticks."""
    invoice = _draft(ctx)
    billing.finalize(ctx, invoice)
    billing.settle(ctx, invoice)


def invoice_missed_then_paid(ctx: StoryContext) -> None:
    """An open bill may fail to be collected, twice, and still be paid."""
    invoice = _open(ctx)
    billing.miss(ctx, invoice)
    ctx.wait(days=3)
    billing.miss(ctx, invoice, retry_days=5)
    ctx.wait(days=5)
    billing.settle(ctx, invoice)


def invoice_voided(ctx: StoryContext) -> None:
    """Taken back before anybody paid."""
    invoice = _open(ctx)
    ctx.wait(days=1)
    billing.void(ctx, invoice)


def invoice_given_up_then_paid(ctx: StoryContext) -> None:
    """Uncollectible is not final."""
    invoice = _open(ctx)
    billing.miss(ctx, invoice, retry_days=None)
    ctx.wait(days=40)
    billing.give_up(ctx, invoice)
    ctx.wait(days=12)
    billing.settle(ctx, invoice)


def invoice_deleted(ctx: StoryContext) -> None:
    """A draft that was thrown away: its last snapshot still says draft."""
    invoice = _draft(ctx)
    ctx.wait(minutes=9)
    ctx.emit(invoice, "invoice.deleted")


def _draft(ctx: StoryContext) -> Invoice:
    return billing.draft(
        ctx,
        amount=ctx.price(),
        currency="eur",
        customer=ctx.person(),
        subscription=None,
        period_start=ctx.now,
        period_end=ctx.now,
        description="Consulting, one day",
        billing_reason="manual",
    )


def _open(ctx: StoryContext) -> Invoice:
    invoice = _draft(ctx)
    ctx.wait(hours=1)
    billing.finalize(ctx, invoice)
    ctx.wait(minutes=1)
    return invoice
