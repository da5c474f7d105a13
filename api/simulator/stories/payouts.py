"""Payouts: paid, failed after being paid, canceled, reversed."""

from __future__ import annotations

from typing import Any

from api.simulator.context import StoryContext
from api.simulator.world import Failure, Payout

_CLOSED = Failure("account_closed", "The bank account has been closed.")


def payout_paid(ctx: StoryContext) -> None:
    """Sent, paid and reconciled."""
    payout = _paid_payout(ctx)
    ctx.wait(hours=2)
    ctx.change(payout, reconciliation_status="completed")
    ctx.emit(payout, "payout.reconciliation_completed")


def payout_paid_then_failed(ctx: StoryContext) -> None:
    """Paid on the day of its expected arrival; the bank returns it three days later."""
    payout = _paid_payout(ctx)
    ctx.wait(days=3)
    ctx.change(
        payout, status="failed", failure=_CLOSED, failure_balance_transaction=ctx.ids.new("txn")
    )
    ctx.emit(payout, "payout.failed")


def payout_canceled(ctx: StoryContext) -> None:
    """Canceled before it was sent."""
    payout = _created_payout(
        ctx,
        automatic=False,
        reconciliation_status="not_applicable",
        payout_method=ctx.ids.new("usba"),
        statement_descriptor="EXAMPLE RENT",
    )
    ctx.wait(minutes=30)
    ctx.change(payout, status="canceled", failure_balance_transaction=ctx.ids.new("txn"))
    ctx.emit(payout, "payout.canceled")


def payout_reversed(ctx: StoryContext) -> None:
    """An instant payout is reversed by another payout."""
    payout = _paid_payout(ctx, automatic=False, method="instant", type="card")
    ctx.wait(days=1)
    reversal = _created_payout(
        ctx,
        amount=-payout.amount,
        currency=payout.currency,
        automatic=False,
        original_payout=payout.id,
    )
    ctx.change(payout, reversed_by=reversal.id)
    ctx.emit(payout, "payout.updated")
    ctx.wait(days=1)
    ctx.change(reversal, status="paid")
    ctx.emit(reversal, "payout.paid")


def _created_payout(ctx: StoryContext, **more: Any) -> Payout:
    values: dict[str, Any] = {
        "amount": ctx.price() * 10,
        "currency": "eur",
        "arrival_date": ctx.time + 2 * 86_400,
        "destination": ctx.ids.new("ba"),
        "balance_transaction": ctx.ids.new("txn"),
        "metadata": {"week": str(ctx.rng.randrange(1, 53))},
    }
    payout = Payout(ctx.ids.new("po"), ctx.time, **{**values, **more})
    ctx.emit(payout, "payout.created")
    return payout


def _paid_payout(ctx: StoryContext, **more: Any) -> Payout:
    payout = _created_payout(ctx, **more)
    ctx.wait(hours=6)
    ctx.change(payout, status="in_transit")
    ctx.emit(payout, "payout.updated")
    ctx.wait(days=2)
    ctx.change(payout, status="paid", trace_id=f"T{ctx.rng.randrange(10**9):09d}")
    ctx.emit(payout, "payout.paid")
    return payout
