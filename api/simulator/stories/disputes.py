"""Orders that the customer's bank disputes."""

from __future__ import annotations

from api.simulator.actions import disputes, payments, refunds
from api.simulator.context import StoryContext
from api.simulator.world import Charge, Dispute


def dispute_won(ctx: StoryContext) -> None:
    """The money is withdrawn and reinstated; the fee is not."""
    dispute = _answered_dispute(ctx)
    disputes.close(ctx, dispute, "won")


def dispute_lost(ctx: StoryContext) -> None:
    """The money is withdrawn for good."""
    dispute = _answered_dispute(ctx)
    disputes.close(ctx, dispute, "lost")


def dispute_accepted_at_once(ctx: StoryContext) -> None:
    """Evidence is submitted and the dispute is lost within one second."""
    dispute = disputes.create(ctx, _paid_charge(ctx))
    ctx.wait(days=1)
    disputes.submit_evidence(ctx, dispute)
    disputes.close(ctx, dispute, "lost")


def inquiry_closed(ctx: StoryContext) -> None:
    """The bank inquires and closes the inquiry; no money moves."""
    metadata = {"case": ctx.ids.text(6)}
    dispute = disputes.create(ctx, _paid_charge(ctx), is_inquiry=True, metadata=metadata)
    ctx.wait(days=2)
    disputes.submit_evidence(ctx, dispute, "warning_under_review")
    ctx.wait(days=60)
    disputes.close(ctx, dispute, "warning_closed")


def inquiry_that_escalates(ctx: StoryContext) -> None:
    """The bank inquires, then withdraws the money and keeps it."""
    dispute = disputes.create(ctx, _paid_charge(ctx), is_inquiry=True)
    ctx.wait(days=5)
    disputes.escalate(ctx, dispute)
    ctx.wait(days=3)
    disputes.submit_evidence(ctx, dispute)
    ctx.wait(days=20)
    disputes.close(ctx, dispute, "lost")


def dispute_won_on_appeal(ctx: StoryContext) -> None:
    """A lost dispute is appealed, and the money is reinstated."""
    dispute = _answered_dispute(ctx)
    disputes.close(ctx, dispute, "lost")
    ctx.wait(days=3)
    disputes.submit_evidence(ctx, dispute, "appeal_needs_response")
    ctx.wait(days=2)
    disputes.submit_evidence(ctx, dispute, "appeal_under_review")
    ctx.wait(days=14)
    disputes.close(ctx, dispute, "won")


def two_disputes_of_one_charge(ctx: StoryContext) -> None:
    """A dispute is won, and a second one is opened for the same charge."""
    charge = _paid_charge(ctx)
    first = disputes.create(ctx, charge, reason="duplicate")
    ctx.wait(days=9)
    disputes.close(ctx, first, "won")
    ctx.wait(days=9)
    disputes.create(ctx, charge)


def early_fraud_warning_then_refund(ctx: StoryContext) -> None:
    """The card network warns, and the merchant refunds before it becomes a dispute."""
    intent = payments.create_intent(ctx)
    ctx.wait(2)
    charge = payments.add_charge(ctx, intent, amount_captured=intent.amount, risk_level="elevated")
    ctx.change(intent, status="succeeded", amount_received=intent.amount)
    ctx.emit(charge, "charge.succeeded")
    ctx.emit(intent, "payment_intent.succeeded")
    ctx.wait(minutes=10)
    warning = disputes.warn(ctx, charge)
    ctx.wait(minutes=1)
    refunds.create(ctx, charge, reason="fraudulent")
    disputes.settle_warning(ctx, warning)


def early_fraud_warning_then_dispute(ctx: StoryContext) -> None:
    """Two warnings of one charge, of different types, and the dispute that follows."""
    charge = _paid_charge(ctx)
    first = disputes.warn(ctx, charge)
    ctx.wait(days=1)
    second = disputes.warn(ctx, charge, fraud_type="unauthorized_use_of_card")
    ctx.wait(days=9)
    disputes.create(ctx, charge)
    for warning in (first, second):
        disputes.settle_warning(ctx, warning)


def dispute_born_lost(ctx: StoryContext) -> None:
    """A bank debit is taken back: the dispute is lost from the beginning, without a deadline."""
    intent = payments.create_intent(ctx, method="sepa_debit", currency="eur")
    charge = payments.start_debit(ctx, intent)
    ctx.wait(days=5)
    payments.settle_debit(ctx, intent)
    ctx.wait(days=12)
    dispute = disputes.create(
        ctx, charge, status="lost", due_by=None, past_due=True, reason="debit_not_authorized"
    )
    ctx.emit(dispute, "charge.dispute.closed")


def _paid_charge(ctx: StoryContext) -> Charge:
    intent = payments.create_intent(ctx)
    ctx.wait(1)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=20)
    return charge


def _answered_dispute(ctx: StoryContext) -> Dispute:
    dispute = disputes.create(ctx, _paid_charge(ctx))
    ctx.wait(days=3)
    disputes.submit_evidence(ctx, dispute)
    ctx.wait(days=30)
    return dispute
