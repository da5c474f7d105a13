"""Moves that take money back: refunds and disputes."""

from __future__ import annotations

from typing import Any

from api.simulator.context import StoryContext
from api.simulator.world import BalanceTransaction, Charge, Dispute, Refund

DISPUTE_FEE = 1_500
_WEEK = 7 * 86_400


def give_back(ctx: StoryContext, charge: Charge, amount: int | None = None, **more: Any) -> Refund:
    """The merchant gives back some of a charge, or what is left of it."""
    amount = charge.amount - charge.amount_refunded if amount is None else amount
    refund = Refund(
        ctx.ids.new("re" if charge.method.type == "card" else "pyr"),
        ctx.now,
        amount,
        charge.currency,
        charge,
        balance_transaction=ctx.ids.new("txn"),
        **{"reason": "requested_by_customer", **more},
    )
    ctx.change(
        charge,
        amount_refunded=charge.amount_refunded + amount,
        refunds=(*charge.refunds, refund),
    )
    ctx.emit(charge, "charge.refunded")
    ctx.emit(refund, "refund.created")
    return refund


def arrive(ctx: StoryContext, refund: Refund) -> None:
    """A pending refund reaches the customer."""
    ctx.change(refund, status="succeeded")
    ctx.emit(refund, "refund.updated", "charge.refund.updated")


def come_back(ctx: StoryContext, refund: Refund, *, status: str = "failed") -> None:
    """The refunded money returns to the merchant: three events tell of it, with one snapshot."""
    charge = refund.charge
    ctx.change(
        refund,
        status=status,
        failure_reason="lost_or_stolen_card" if status == "failed" else "merchant_request",
        failure_balance_transaction=ctx.ids.new("txn"),
    )
    ctx.change(charge, amount_refunded=charge.amount_refunded - refund.amount)
    ctx.emit(refund, "refund.updated", "charge.refund.updated")
    if status == "failed":
        ctx.emit(refund, "refund.failed")


def annotate(ctx: StoryContext, charge: Charge, **metadata: str) -> None:
    """The merchant edits the charge's metadata."""
    ctx.change(charge, metadata={**charge.metadata, **metadata})
    ctx.emit(charge, "charge.updated")


def dispute(ctx: StoryContext, charge: Charge, *, inquiry: bool = False, **more: Any) -> Dispute:
    """The customer's bank takes the money back, or first only asks."""
    values: dict[str, Any] = {
        "status": "warning_needs_response" if inquiry else "needs_response",
        "case_type": "inquiry" if inquiry else "chargeback",
        "is_charge_refundable": inquiry,
        "due_by": ctx.now + _WEEK,
    }
    disputed = Dispute(
        ctx.ids.new("du"), ctx.now, charge.amount, charge.currency, charge, **{**values, **more}
    )
    ctx.change(charge, dispute=disputed.id)
    if not inquiry:
        disputed.transactions = (_withdrawal(ctx, disputed),)
    ctx.emit(disputed, "charge.dispute.created")
    if not inquiry:
        ctx.emit(disputed, "charge.dispute.funds_withdrawn")
    return disputed


def escalate(ctx: StoryContext, disputed: Dispute) -> None:
    """An inquiry becomes a chargeback, under the same id."""
    ctx.change(
        disputed,
        status="needs_response",
        case_type="chargeback",
        is_charge_refundable=False,
        due_by=ctx.now + _WEEK,
        transactions=(_withdrawal(ctx, disputed),),
    )
    ctx.emit(disputed, "charge.dispute.updated", "charge.dispute.funds_withdrawn")


def answer(ctx: StoryContext, disputed: Dispute, status: str = "under_review") -> None:
    """The merchant sends evidence, or the case otherwise moves on."""
    ctx.change(disputed, status=status, submissions=disputed.submissions + 1)
    ctx.emit(disputed, "charge.dispute.updated")


def decide(ctx: StoryContext, disputed: Dispute, status: str) -> None:
    """The bank decides; a dispute that is won brings the money back."""
    if status != "won":
        ctx.change(disputed, status=status)
        ctx.emit(disputed, "charge.dispute.closed")
        return
    back = BalanceTransaction(
        ctx.ids.new("txn"),
        ctx.now,
        disputed.amount,
        0,
        disputed.currency,
        f"Chargeback reversal for {disputed.charge.id}",
        "dispute_reversal",
    )
    ctx.change(disputed, status=status, transactions=(*disputed.transactions, back))
    ctx.emit(disputed, "charge.dispute.closed", "charge.dispute.funds_reinstated")


def _withdrawal(ctx: StoryContext, disputed: Dispute) -> BalanceTransaction:
    return BalanceTransaction(
        ctx.ids.new("txn"),
        ctx.now,
        -disputed.amount,
        DISPUTE_FEE,
        disputed.currency,
        f"Chargeback withdrawal for {disputed.charge.id}",
        "dispute",
    )
