"""The JSON of a dispute, with its balance transactions expanded, by API version."""

from __future__ import annotations

from api.simulator.shapes.money import balance_transaction
from api.simulator.shapes.parts import Json
from api.simulator.versions import ApiVersion
from api.simulator.world import Dispute, EarlyFraudWarning

_EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def dispute(dispute: Dispute, api: ApiVersion, livemode: bool) -> Json:
    """Return a Dispute; since 2019-11-05 it names its PaymentIntent."""
    charge = dispute.charge
    evidence: Json = dict.fromkeys(_EVIDENCE)
    if charge.customer and dispute.submissions:
        evidence["customer_name"] = charge.customer.name
        evidence["product_description"] = charge.description
    shape: Json = {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [
            balance_transaction(each, api, each.created) for each in dispute.transactions
        ],
        "charge": charge.id,
        "created": dispute.created,
        "currency": dispute.currency,
        "evidence": evidence,
        "evidence_details": {
            # For a dispute that cannot be answered Stripe was seen to write 0 or null.
            "due_by": dispute.due_by or (None if api.parent else 0),
            "has_evidence": dispute.submissions > 0,
            "past_due": dispute.past_due,
            "submission_count": dispute.submissions,
        },
        "is_charge_refundable": dispute.is_charge_refundable,
        "livemode": livemode,
        "metadata": dict(dispute.metadata),
        "network_reason_code": dispute.network_reason_code,
        "reason": dispute.reason,
        "status": dispute.status,
    }
    if api.dispute_names_intent:
        shape["payment_intent"] = charge.named_intent_id
    if api.charge_network:
        card = {"brand": charge.method.brand, "case_type": dispute.case_type}
        card["network_reason_code"] = dispute.network_reason_code
        if api.dispute_network:
            card["network"] = charge.method.brand
        shape["payment_method_details"] = {"card": card, "type": "card"}
    return shape


def early_fraud_warning(warning: EarlyFraudWarning, livemode: bool) -> Json:
    """Return an EarlyFraudWarning, which names its charge and its PaymentIntent."""
    return {
        "id": warning.id,
        "object": "radar.early_fraud_warning",
        "actionable": warning.actionable,
        "charge": warning.charge.id,
        "created": warning.created,
        "fraud_type": warning.fraud_type,
        "livemode": livemode,
        "payment_intent": warning.charge.named_intent_id,
    }
