"""The facts of PaymentIntents, charges, refunds, disputes and Checkout Sessions."""

from __future__ import annotations

from api.simulator.facts.parts import Facts, of_customer, of_presentment, of_terms, same
from api.simulator.people import Person
from api.simulator.shapes import has_session_status
from api.simulator.versions import ApiVersion
from api.simulator.world import (
    Charge,
    Dispute,
    EarlyFraudWarning,
    Failure,
    PaymentIntent,
    Refund,
    Session,
)


def payment_intent(intent: PaymentIntent, api: ApiVersion) -> Facts:
    """Return the facts of a PaymentIntent."""
    fields: Facts = {
        **same(
            intent,
            "created status amount amount_received amount_capturable currency description "
            "canceled_at cancellation_reason",
        ),
        **of_customer(intent.customer, api),
        **of_terms(intent.terms),
        **of_presentment(intent.presentment, api),
        **_failure(intent.error),
        "metadata": dict(intent.metadata),
        "receipt_email": intent.customer.email if intent.customer else None,
        "shipping": _shipping(intent.customer),
        "statement_descriptor": "EXAMPLE SHOP",
    }
    if api.latest_charge or api.lists_charges:
        fields["latest_charge"] = intent.charges[-1].id if intent.charges else None
    if api.names_invoice or (api.order_reference and not intent.session):
        fields["invoice"] = intent.invoice
    if api.order_reference:
        fields["session"] = intent.session
    if api.payment_record:
        fields["payment_record"] = intent.payment_record
    return fields


def charge(charge: Charge, api: ApiVersion) -> Facts:
    """Return the facts of a charge."""
    is_card = charge.method.type == "card"
    fields: Facts = {
        **same(
            charge,
            "created status amount captured money_received currency description "
            "balance_transaction risk_level",
        ),
        **of_terms(charge.terms),
        **of_presentment(charge.presentment, api),
        **_failure(charge.failure),
        "refunded": charge.is_refunded,
        "money_refunded": charge.money_refunded if charge.money_received else 0,
        "customer": charge.customer.id if charge.customer else None,
        "metadata": dict(charge.metadata),
        "payment_intent": charge.named_intent_id,
        "payment_method_type": charge.method.type,
        "card_brand": charge.method.brand if is_card else None,
        "card_last4": charge.method.last4 if is_card else None,
        "email": charge.customer.email if charge.customer else None,
        "name": charge.customer.name if charge.customer else None,
        "shipping": _shipping(charge.customer),
        "statement_descriptor": "EXAMPLE SHOP",
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{charge.id}"
        if charge.captured
        else None,
    }
    if api.names_invoice:
        fields["invoice"] = charge.named_invoice
    return fields


def refund(refund: Refund, api: ApiVersion) -> Facts:
    """Return the facts of a refund, with what it leaves of its charge's money."""
    charge = refund.charge
    fields: Facts = {
        **same(refund, "created status amount currency reason balance_transaction reference"),
        "charge": charge.id,
        "money_refunded": charge.money_refunded if charge.money_received else 0,
        "metadata": dict(refund.metadata),
    }
    if refund.failure_reason:
        fields["failure_reason"] = refund.failure_reason
    if api.refund_names_intent:
        fields["payment_intent"] = charge.named_intent_id
    if api.pending_reason or refund.status != "pending":
        fields["pending_reason"] = refund.pending_reason
    if api.refund_customer:
        fields.update(of_customer(charge.customer, api), payment_method=charge.method.id)
    return fields


def dispute(dispute: Dispute, api: ApiVersion) -> Facts:
    """Return the facts of a dispute, with its balance transactions."""
    charge = dispute.charge
    fields: Facts = {
        **same(
            dispute,
            "created status amount currency reason is_charge_refundable past_due "
            "network_reason_code",
        ),
        "charge": charge.id,
        "evidence_due_by": dispute.due_by,
        "has_evidence": dispute.submissions > 0,
        "submission_count": dispute.submissions,
        "transactions": {t.id: (t.net, t.fee, t.currency) for t in dispute.transactions},
        "metadata": dict(dispute.metadata),
    }
    if api.dispute_names_intent:
        fields["payment_intent"] = charge.named_intent_id
    if api.charge_network:
        fields["case_type"] = dispute.case_type
    if api.dispute_network:
        fields["network"] = charge.method.brand
    return fields


def early_fraud_warning(warning: EarlyFraudWarning) -> Facts:
    """Return the facts of an early fraud warning."""
    return {
        **same(warning, "created fraud_type actionable"),
        "charge": warning.charge.id,
        "payment_intent": warning.charge.named_intent_id,
    }


def session(session: Session, api: ApiVersion, event_type: str) -> Facts:
    """Return the facts of a Checkout Session; young ones told little."""
    fields: Facts = {
        **of_customer(session.customer, api),
        **same(session, "mode client_reference_id subscription"),
        "payment_intent": session.intent.id if session.intent else None,
        "metadata": dict(session.metadata),
        "status": "complete" if event_type == "checkout.session.completed" else session.status,
    }
    has_status = has_session_status(event_type)
    if api.session_total or has_status:
        fields.update(same(session, "amount currency amount_subtotal"))
        fields.update(same(session, "amount_tax amount_discount amount_shipping"))
    if api.session_status or has_status:
        buyer = session.customer if session.status == "complete" else None
        fields.update(same(session, "created payment_status payment_link"))
        fields.update(email=buyer.email if buyer else None, name=buyer.name if buyer else None)
    return fields


def _failure(failure: Failure | None) -> Facts:
    return {
        "failure_code": failure.code if failure else None,
        "failure_message": failure.message if failure else None,
        "decline_code": failure.decline_code if failure else None,
    }


def _shipping(customer: Person | None) -> Facts | None:
    if customer is None:
        return None
    delivery = {"carrier": None, "tracking_number": None, "phone": customer.phone}
    return {"address": dict(customer.address), "name": customer.name, **delivery}
