"""Payouts: paid, failed after being paid, canceled, reversed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.simulator.actions import balance, disputes, payments, platforms, refunds
from api.simulator.context import StoryContext
from api.simulator.world import Failure, Movement, Payout

_CLOSED = Failure("account_closed", "The bank account has been closed.")


def payout_paid(ctx: StoryContext) -> None:
    """Sent, paid and reconciled."""
    payout = _paid_payout(ctx)
    ctx.wait(hours=2)
    ctx.change(payout, reconciliation_status="completed")
    ctx.emit(payout, "payout.reconciliation_completed")


def payout_of_a_week(ctx: StoryContext) -> None:
    """Sales, a refund, a dispute and Stripe's own fee: what is free of them is paid out."""
    charges = []
    for _ in range(3):
        intent = payments.create_intent(ctx, currency="eur")
        ctx.wait(2)
        charges.append(payments.pay(ctx, intent))
        ctx.wait(days=1)
    refunds.create(ctx, charges[0], charges[0].amount // 4)
    disputes.create(ctx, charges[1])
    balance.move(ctx, "stripe_fee", None, -250, "eur", description="Radar for Fraud Teams")
    ctx.wait(days=4)
    late = payments.create_intent(ctx, currency="eur")
    ctx.wait(2)
    payments.pay(ctx, late)
    ctx.wait(hours=3)
    parts = balance.free(ctx, "eur")
    amount = sum(movement.transaction.net for movement in parts)
    payout = _paid_payout(ctx, parts, amount=amount)
    ctx.wait(hours=2)
    ctx.change(payout, reconciliation_status="completed")
    ctx.emit(payout, "payout.reconciliation_completed")


def payout_paid_then_failed(ctx: StoryContext) -> None:
    """Paid on the day of its expected arrival; the bank returns it three days later."""
    payout = _paid_payout(ctx)
    ctx.wait(days=3)
    returned = balance.move(ctx, "payout_failure", payout.id, payout.amount, payout.currency)
    ctx.change(payout, status="failed", failure=_CLOSED, failure_balance_transaction=returned.id)
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
    returned = balance.move(ctx, "payout_cancel", payout.id, payout.amount, payout.currency)
    ctx.change(payout, status="canceled", failure_balance_transaction=returned.id)
    ctx.emit(payout, "payout.canceled")


def payout_that_costs_a_fee(ctx: StoryContext) -> None:
    """A platform pays a connected account out at once, and earns a fee of that."""
    platform, ctx.account = ctx.account, ctx.ids.new("acct")
    payout = _paid_payout(ctx, automatic=False, method="instant", type="card")
    seller, ctx.account = ctx.account, platform
    platforms.earn_of_payout(ctx, payout, 150, seller)


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


def _created_payout(ctx: StoryContext, parts: Sequence[Movement] = (), **more: Any) -> Payout:
    values: dict[str, Any] = {
        "amount": ctx.price() * 10,
        "currency": "eur",
        "arrival_date": ctx.time + 2 * 86_400,
        "destination": ctx.ids.new("ba"),
        "metadata": {"week": str(ctx.rng.randrange(1, 53))},
    }
    payout = Payout(ctx.ids.new("po"), ctx.time, **{**values, **more})
    balance.pay_out(ctx, payout, parts)
    ctx.emit(payout, "payout.created")
    return payout


def _paid_payout(ctx: StoryContext, parts: Sequence[Movement] = (), **more: Any) -> Payout:
    payout = _created_payout(ctx, parts, **more)
    ctx.wait(hours=6)
    ctx.change(payout, status="in_transit")
    ctx.emit(payout, "payout.updated")
    ctx.wait(days=2)
    ctx.change(payout, status="paid", trace_id=f"T{ctx.rng.randrange(10**9):09d}")
    ctx.emit(payout, "payout.paid")
    return payout
