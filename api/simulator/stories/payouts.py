"""Payouts: paid is not the end of them."""

from __future__ import annotations

from typing import Any

from api.simulator.context import StoryContext
from api.simulator.world import Failure, Payout

_CLOSED = Failure("account_closed", "The bank account has been closed.")


def payout_paid(ctx: StoryContext) -> None:
    """Sent, arrived, reconciled."""
    payout = _arrived(ctx)
    ctx.wait(hours=2)
    ctx.change(payout, reconciliation_status="completed")
    ctx.emit(payout, "payout.reconciliation_completed")


def payout_paid_then_failed(ctx: StoryContext) -> None:
    """Called paid when it was expected to arrive; the bank returns it three days later."""
    payout = _arrived(ctx)
    ctx.wait(days=3)
    ctx.change(
        payout, status="failed", failure=_CLOSED, failure_balance_transaction=ctx.ids.new("txn")
    )
    ctx.emit(payout, "payout.failed")


def payout_canceled(ctx: StoryContext) -> None:
    """Stopped before it was sent."""
    payout = _created(ctx, automatic=False, reconciliation_status="not_applicable")
    ctx.wait(minutes=30)
    ctx.change(payout, status="canceled", failure_balance_transaction=ctx.ids.new("txn"))
    ctx.emit(payout, "payout.canceled")


def payout_reversed(ctx: StoryContext) -> None:
    """An instant payout is taken back by a payout of its own."""
    payout = _arrived(ctx, automatic=False, method="instant", type="card")
    ctx.wait(days=1)
    back = _created(
        ctx,
        amount=-payout.amount,
        currency=payout.currency,
        automatic=False,
        original_payout=payout.id,
    )
    ctx.change(payout, reversed_by=back.id)
    ctx.emit(payout, "payout.updated")
    ctx.wait(days=1)
    ctx.change(back, status="paid")
    ctx.emit(back, "payout.paid")


def _created(ctx: StoryContext, **more: Any) -> Payout:
    values: dict[str, Any] = {
        "amount": ctx.price() * 10,
        "currency": "eur",
        "arrival_date": ctx.now + 2 * 86_400,
        "destination": ctx.ids.new("ba"),
        "balance_transaction": ctx.ids.new("txn"),
        "metadata": {},
    }
    payout = Payout(ctx.ids.new("po"), ctx.now, **{**values, **more})
    ctx.emit(payout, "payout.created")
    return payout


def _arrived(ctx: StoryContext, **more: Any) -> Payout:
    payout = _created(ctx, **more)
    ctx.wait(hours=6)
    ctx.change(payout, status="in_transit")
    ctx.emit(payout, "payout.updated")
    ctx.wait(days=2)
    ctx.change(payout, status="paid")
    ctx.emit(payout, "payout.paid")
    return payout
