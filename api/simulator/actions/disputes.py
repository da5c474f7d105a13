"""Actions of disputes: opened as a chargeback or an inquiry, escalated, answered, closed."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import balance
from api.simulator.context import StoryContext
from api.simulator.world import BalanceTransaction, Charge, Dispute, EarlyFraudWarning, FeePart

DISPUTE_FEE = 1_500
_WEEK = 7 * 86_400


def create(ctx: StoryContext, charge: Charge, *, is_inquiry: bool = False, **more: Any) -> Dispute:
    """The customer's bank disputes a charge and withdraws its money, or only inquires."""
    values: dict[str, Any] = {
        "amount": charge.amount,
        "currency": charge.currency,
        "charge": charge,
        "status": "warning_needs_response" if is_inquiry else "needs_response",
        "case_type": "inquiry" if is_inquiry else "chargeback",
        "is_charge_refundable": is_inquiry,
        "due_by": ctx.time + _WEEK,
    }
    dispute = Dispute(ctx.ids.new("du"), ctx.time, **{**values, **more})
    ctx.change(charge, dispute=dispute.id)
    if not is_inquiry:
        dispute.transactions = (_withdrawal(ctx, dispute),)
    ctx.emit(dispute, "charge.dispute.created")
    if not is_inquiry:
        ctx.emit(dispute, "charge.dispute.funds_withdrawn")
    return dispute


def escalate(ctx: StoryContext, dispute: Dispute) -> None:
    """An inquiry becomes a chargeback, with the same id."""
    ctx.change(
        dispute,
        status="needs_response",
        case_type="chargeback",
        is_charge_refundable=False,
        due_by=ctx.time + _WEEK,
        transactions=(_withdrawal(ctx, dispute),),
    )
    ctx.emit(dispute, "charge.dispute.updated", "charge.dispute.funds_withdrawn")


def submit_evidence(ctx: StoryContext, dispute: Dispute, status: str = "under_review") -> None:
    """The merchant submits evidence, which moves the dispute to another status."""
    ctx.change(dispute, status=status, submissions=dispute.submissions + 1)
    ctx.emit(dispute, "charge.dispute.updated")


def close(ctx: StoryContext, dispute: Dispute, status: str) -> None:
    """The bank decides; a dispute that is won reinstates the money."""
    if status != "won":
        ctx.change(dispute, status=status)
        ctx.emit(dispute, "charge.dispute.closed")
        return
    reversal = balance.move(
        ctx,
        "adjustment",
        dispute.id,
        dispute.amount,
        dispute.currency,
        description=f"Chargeback reversal for {dispute.charge.id}",
        category="dispute_reversal",
    )
    ctx.change(dispute, status=status, transactions=(*dispute.transactions, reversal))
    ctx.emit(dispute, "charge.dispute.closed", "charge.dispute.funds_reinstated")


def warn(ctx: StoryContext, charge: Charge, **more: Any) -> EarlyFraudWarning:
    """A card network warns of a charge: a refund now may spare a dispute."""
    warning = EarlyFraudWarning(ctx.ids.new("issfr"), ctx.time, charge, **more)
    ctx.emit(warning, "radar.early_fraud_warning.created")
    return warning


def settle_warning(ctx: StoryContext, warning: EarlyFraudWarning) -> None:
    """Nothing can be done about a warning any more: the charge was refunded, or disputed."""
    ctx.change(warning, actionable=False)
    ctx.emit(warning, "radar.early_fraud_warning.updated")


def _withdrawal(ctx: StoryContext, dispute: Dispute) -> BalanceTransaction:
    return balance.move(
        ctx,
        "adjustment",
        dispute.id,
        -dispute.amount,
        dispute.currency,
        fees=(FeePart(DISPUTE_FEE, "Dispute fee"),),
        description=f"Chargeback withdrawal for {dispute.charge.id}",
        category="dispute",
    )
