"""The JSON of invoices, by API version."""

from __future__ import annotations

from api.simulator.shapes.invoice_lines import line
from api.simulator.shapes.parts import Json, customer_keys, list_object
from api.simulator.versions import ApiVersion
from api.simulator.world import Invoice

_NULL_ON_INVOICES = (
    "account_tax_ids",
    "application",
    "custom_fields",
    "customer_shipping",
    "default_source",
    "footer",
    "from_invoice",
    "latest_revision",
    "on_behalf_of",
    "receipt_number",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "test_clock",
)


def invoice(invoice: Invoice, api: ApiVersion, livemode: bool) -> Json:
    """Return an Invoice; 2025-03-31 moved its subscription to `parent` and dropped its payment."""
    lines_url = f"/v1/invoices/{invoice.id}/lines"
    shape: Json = {
        "id": invoice.id,
        "object": "invoice",
        **dict.fromkeys(_NULL_ON_INVOICES),
        "account_country": "IE",
        "account_name": "Example Shop",
        **_amounts(invoice, api),
        "attempt_count": invoice.attempt_count,
        "attempted": invoice.attempt_count > 0,
        "auto_advance": invoice.auto_advance,
        "billing_reason": invoice.billing_reason,
        "billing" if api.billing else "collection_method": invoice.collection_method,
        "date" if api.created_named_date else "created": invoice.created,
        "currency": invoice.currency,
        **_customer(invoice, api),
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": invoice.due_date,
        "hosted_invoice_url": _hosted_url(invoice, ""),
        "invoice_pdf": _hosted_url(invoice, "/pdf"),
        "last_finalization_error": _finalization_error(invoice),
        "lines": list_object([line(invoice, api)], lines_url, has_more=invoice.is_cut_off),
        "livemode": livemode,
        "metadata": dict(invoice.metadata),
        "next_payment_attempt": invoice.next_payment_attempt,
        "number": invoice.number,
        "period_end": invoice.period_end,
        "period_start": invoice.period_start,
        "status": invoice.status,
        "webhooks_delivered_at": None,
    }
    if api.status_transitions:
        shape["status_transitions"] = {
            "finalized_at": invoice.finalized_at,
            "marked_uncollectible_at": invoice.marked_uncollectible_at,
            "paid_at": invoice.paid_at,
            "voided_at": invoice.voided_at,
        }
    else:
        shape["finalized_at"] = invoice.finalized_at
    if api.parent:
        shape.update(_since_parent(invoice))
    else:
        shape.update(_before_parent(invoice))
    return shape


def _amounts(invoice: Invoice, api: ApiVersion) -> Json:
    amounts: Json = {
        "amount_due": invoice.amount_due,
        "amount_paid": invoice.amount_paid,
        "amount_remaining": invoice.amount_remaining,
        "ending_balance": invoice.ending_balance,
        "post_payment_credit_notes_amount": invoice.post_payment_credit_notes_amount,
        "pre_payment_credit_notes_amount": invoice.pre_payment_credit_notes_amount,
        "starting_balance": invoice.starting_balance,
        "subtotal": invoice.subtotal,
        "total": invoice.amount,
    }
    if api.total_discount_amounts:
        discount = {"amount": invoice.discount, "discount": f"di_{invoice.id[3:]}"}
        amounts["total_discount_amounts"] = [discount] if invoice.discount else []
    if api.paid_off_stripe:
        amounts["amount_paid_off_stripe"] = invoice.amount_paid_off_stripe
    return amounts


def _customer(invoice: Invoice, api: ApiVersion) -> Json:
    customer = invoice.customer
    return {
        **customer_keys(customer, api),
        "customer_address": dict(customer.address),
        "customer_email": customer.email,
        "customer_name": customer.name,
        "customer_phone": customer.phone,
        "customer_tax_exempt": "none",
    }


def _since_parent(invoice: Invoice) -> Json:
    details: Json = {"metadata": {}, "subscription": invoice.subscription}
    parent: Json = {
        "quote_details": None,
        "subscription_details": details,
        "type": "subscription_details",
    }
    tax: Json = {
        "amount": invoice.tax,
        "tax_behavior": "exclusive",
        "tax_rate_details": None,
        "taxability_reason": "standard_rated",
        "type": "tax_rate_details",
    }
    return {
        "amount_overpaid": invoice.amount_overpaid,
        "parent": parent if invoice.subscription else None,
        "total_taxes": [tax] if invoice.tax else [],
    }


def _before_parent(invoice: Invoice) -> Json:
    intent, charge = invoice.intent, invoice.charge
    if intent and intent.charges:
        charge = intent.charges[-1]
    return {
        "charge": charge.id if charge else None,
        "discount": None,
        "paid": invoice.status == "paid",
        "paid_out_of_band": invoice.paid_out_of_band,
        "payment_intent": intent.id if intent else None,
        "subscription": invoice.subscription,
        "tax": invoice.tax or None,
        "total_tax_amounts": [{"amount": invoice.tax, "inclusive": False}] if invoice.tax else [],
    }


def _finalization_error(invoice: Invoice) -> Json | None:
    if invoice.finalization_error is None:
        return None
    message = "The customer's location isn't recognized."
    return {
        "code": invoice.finalization_error,
        "message": message,
        "type": "invalid_request_error",
    }


def _hosted_url(invoice: Invoice, suffix: str) -> str | None:
    if invoice.finalized_at is None:
        return None
    return f"https://invoice.stripe.com/i/acct_example/test_{invoice.id[3:]}{suffix}"
