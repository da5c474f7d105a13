"""The JSON of PaymentIntents, Charges and Refunds, by API version."""

from __future__ import annotations

from typing import Any

from api.simulator.people import Method, Person
from api.simulator.shapes.parts import (
    Json,
    customer_id,
    customer_keys,
    list_object,
    pay_url,
    presentment_keys,
    terms_keys,
)
from api.simulator.versions import ApiVersion
from api.simulator.world import Charge, Failure, PaymentIntent, Refund


def payment_intent(intent: PaymentIntent, api: ApiVersion, livemode: bool) -> Json:
    """Return a PaymentIntent; before 2022-11-15 it embeds its charges, newest first."""
    shape: Json = {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_received": intent.amount_received,
        "application": None,
        **terms_keys(intent.terms),
        **presentment_keys(intent.presentment, api),
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method,
        "client_secret": f"{intent.id}_secret_{intent.id[-24:]}",
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        **customer_keys(intent.customer, api),
        "description": intent.description,
        "last_payment_error": _payment_error(intent),
        "livemode": livemode,
        "metadata": dict(intent.metadata),
        "next_action": _next_action(intent),
        "payment_method": None if intent.error else intent.method.id,
        "payment_method_options": {
            intent.method.type: {"installments": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": [intent.method.type],
        "processing": None,
        "receipt_email": intent.customer.email if intent.customer else None,
        "review": None,
        "setup_future_usage": None,
        "shipping": _shipping(intent.customer),
        "source": None,
        "statement_descriptor": "EXAMPLE SHOP",
        "statement_descriptor_suffix": None,
        "status": intent.status,
        "transfer_group": None,
    }
    if api.lists_charges:
        shape["charges"] = list_object(
            [charge(c, api, livemode) for c in reversed(intent.charges)],
            f"/v1/charges?payment_intent={intent.id}",
        )
    if api.latest_charge:
        shape["latest_charge"] = intent.charges[-1].id if intent.charges else None
        shape["amount_details"] = {"tip": {}}
        shape["automatic_payment_methods"] = {"allow_redirects": "always", "enabled": True}
    if api.names_invoice:
        shape["invoice"] = intent.invoice
    if api.order_reference:
        reference = intent.session or intent.invoice
        shape["payment_details"] = {"customer_reference": None, "order_reference": reference}
    if api.payment_record:
        shape["payment_record"] = intent.payment_record
    return shape


def charge(charge: Charge, api: ApiVersion, livemode: bool) -> Json:
    """Return a Charge; before 2022-11-15 it embeds its refunds, newest first."""
    shape: Json = {
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_refunded": charge.amount_refunded,
        "application": None,
        "application_fee": None,
        **terms_keys(charge.terms),
        **presentment_keys(charge.presentment, api),
        "balance_transaction": charge.balance_transaction,
        "billing_details": _billing_details(charge.customer),
        "calculated_statement_descriptor": "EXAMPLE SHOP",
        "captured": charge.captured,
        "created": charge.created,
        "currency": charge.currency,
        "customer": customer_id(charge.customer),
        "description": charge.description,
        "disputed": charge.dispute is not None,
        "failure_balance_transaction": None,
        "failure_code": charge.failure.code if charge.failure else None,
        "failure_message": charge.failure.message if charge.failure else None,
        "fraud_details": {},
        "livemode": livemode,
        "metadata": dict(charge.metadata),
        "order": None,
        "outcome": _outcome(charge),
        "paid": charge.status == "succeeded",
        "payment_intent": charge.named_intent_id,
        "payment_method": charge.method.id,
        "payment_method_details": _method_details(charge, api),
        "receipt_email": charge.customer.email if charge.customer else None,
        "receipt_number": None,
        "receipt_url": pay_url(f"receipts/payment/{charge.id}") if charge.captured else None,
        "refunded": charge.is_refunded,
        "review": None,
        "shipping": _shipping(charge.customer),
        "source": None,
        "source_transfer": None,
        "statement_descriptor": "EXAMPLE SHOP",
        "statement_descriptor_suffix": None,
        "status": charge.status,
        "transfer_group": None,
    }
    if api.amount_captured:
        shape["amount_captured"] = charge.amount_captured
    if api.lists_refunds:
        shape["refunds"] = list_object(
            [refund(r, api) for r in reversed(charge.refunds)], f"/v1/charges/{charge.id}/refunds"
        )
    if api.charge_names_dispute:
        shape["dispute"] = charge.dispute
    if api.names_invoice:
        shape["invoice"] = charge.named_invoice
    if api.card_source and charge.method.type == "card":
        shape["source"] = _source(charge)
    return shape


def refund(refund: Refund, api: ApiVersion) -> Json:
    """Return a Refund; since 2019-11-05 it names its PaymentIntent. It has no `livemode`."""
    charge = refund.charge
    shape: Json = {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": refund.balance_transaction,
        "charge": charge.id,
        "created": refund.created,
        "currency": refund.currency,
        "destination_details": {
            charge.method.type: {
                "reference": refund.reference,
                "reference_status": "available" if refund.reference else "pending",
                "reference_type": "acquirer_reference_number",
                "type": "reversal" if refund.is_release else "refund",
            },
            "type": charge.method.type,
        },
        "metadata": dict(refund.metadata),
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
    }
    if api.refund_names_intent:
        shape["payment_intent"] = charge.named_intent_id
    if refund.failure_reason:
        shape["failure_reason"] = refund.failure_reason
        shape["failure_balance_transaction"] = refund.failure_balance_transaction
    if api.pending_reason and refund.pending_reason:
        shape["pending_reason"] = refund.pending_reason
    if api.refund_customer:
        shape.update(customer_keys(charge.customer, api), payment_method=charge.method.id)
    return shape


def _method_details(charge: Charge, api: ApiVersion) -> Json:
    method = charge.method
    if method.type != "card":
        bank = {"bank_name": method.brand, "fingerprint": method.fingerprint, "mandate": None}
        if method.type == "oxxo":
            return {"oxxo": {"number": method.fingerprint}, "type": "oxxo"}
        return {method.type: {**bank, "last4": method.last4}, "type": method.type}
    checks = {
        "address_line1_check": "pass",
        "address_postal_code_check": "pass",
        "cvc_check": "fail" if charge.failure else "pass",
    }
    card: Json = {**_card(method), "checks": checks, "installments": None, "mandate": None}
    card.update(network=method.brand, three_d_secure=None, wallet=None)
    if api.charge_network:
        card["amount_authorized"] = charge.amount
        card["extended_authorization"] = {"status": "disabled"}
        card["incremental_authorization"] = {"status": "unavailable"}
        card["network_token"] = {"used": False}
        card["overcapture"] = {"maximum_amount_capturable": charge.amount, "status": "unavailable"}
    return {"card": card, "type": "card"}


def _card(method: Method) -> Json:
    return {
        "brand": method.brand,
        "country": method.country,
        "exp_month": 8,
        "exp_year": method.exp_year,
        "fingerprint": method.fingerprint,
        "funding": "credit",
        "last4": method.last4,
    }


def _source(charge: Charge) -> Json:
    name = charge.customer.name if charge.customer else None
    return {**_card(charge.method), "id": charge.method.id, "object": "card", "name": name}


def _outcome(charge: Charge) -> Json:
    failure = charge.failure
    return {
        "network_status": "declined_by_network" if failure else "approved_by_network",
        "reason": failure.decline_code if failure else None,
        "risk_level": charge.risk_level,
        "risk_score": len(charge.id) % 40,
        "seller_message": failure.message if failure else "Payment complete.",
        "type": "issuer_declined" if failure else "authorized",
    }


def _payment_error(intent: PaymentIntent) -> Json | None:
    failure: Failure | None = intent.error
    if failure is None:
        return None
    method: dict[str, Any] = {
        "id": intent.method.id,
        "object": "payment_method",
        "billing_details": _billing_details(intent.customer),
        intent.method.type: _card(intent.method),
        "created": intent.created,
        "customer": customer_id(intent.customer),
        "type": intent.method.type,
    }
    return {
        "charge": intent.charges[-1].id if intent.charges else None,
        "code": failure.code,
        "decline_code": failure.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{failure.code.replace('_', '-')}",
        "message": failure.message,
        "payment_method": method,
        "type": "card_error" if intent.method.type == "card" else "invalid_request_error",
    }


def _next_action(intent: PaymentIntent) -> Json | None:
    if intent.status != "requires_action":
        return None
    if intent.method.type == "oxxo":
        voucher = {"expires_after": intent.created + 3 * 86_400, "number": "12345678901234657890"}
        return {"oxxo_display_details": voucher, "type": "oxxo_display_details"}
    url = f"https://hooks.stripe.com/redirect/authenticate/{intent.id}"
    return_url = "https://shop.example.com/return"
    return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}


def _billing_details(customer: Person | None) -> Json:
    if customer is None:
        return {"address": None, "email": None, "name": None, "phone": None}
    contact = {"email": customer.email, "name": customer.name, "phone": customer.phone}
    return {"address": dict(customer.address), **contact}


def _shipping(customer: Person | None) -> Json | None:
    if customer is None:
        return None
    delivery = {"carrier": None, "tracking_number": None, "phone": customer.phone}
    return {"address": dict(customer.address), "name": customer.name, **delivery}
