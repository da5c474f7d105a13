"""The JSON of invoices, their payments and their credit notes, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json, customer_keys, list_object
from api.simulator.versions import ApiVersion
from api.simulator.world import CreditNote, Invoice, InvoicePayment

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
        "lines": list_object([_line(invoice, api)], lines_url, has_more=invoice.is_cut_off),
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


def _line(invoice: Invoice, api: ApiVersion) -> Json:
    line: Json = {
        "id": f"il_{invoice.id[3:]}",
        "object": "line_item",
        "amount": invoice.subtotal,
        "currency": invoice.currency,
        "description": invoice.description,
        "discountable": True,
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "period": {"end": invoice.period_end, "start": invoice.period_start},
        "quantity": 1,
    }
    if api.parent:
        line.update(_line_since_parent(invoice))
    else:
        line.update(_line_before_parent(invoice, api))
    return line


def _line_since_parent(invoice: Invoice) -> Json:
    item = invoice.item
    kind = "subscription_item_details" if item else "invoice_item_details"
    details: Json = {
        "invoice_item": None if item else f"ii_{invoice.id[3:]}",
        "proration": False,
        "subscription": invoice.subscription,
    }
    price = None
    if item:
        details["subscription_item"] = item.id
        price = {"price": item.price, "product": item.product}
    return {
        "parent": {kind: details, "type": kind},
        "pricing": {"price_details": price, "type": "price_details"},
    }


def _line_before_parent(invoice: Invoice, api: ApiVersion) -> Json:
    item = invoice.item
    shape: Json = {"proration": False, "subscription": invoice.subscription}
    if item is None:
        return {**shape, "price": None, "type": "invoiceitem"}
    shape.update(subscription_item=item.id, type="subscription")
    price = {"id": item.price, "currency": invoice.currency, "product": item.product}
    if api.subscription_plan:
        shape["plan"] = {**price, "object": "plan", "amount": item.unit_amount}
    if api.price:
        shape["price"] = {**price, "object": "price", "unit_amount": item.unit_amount}
    return shape


def _hosted_url(invoice: Invoice, suffix: str) -> str | None:
    if invoice.finalized_at is None:
        return None
    return f"https://invoice.stripe.com/i/acct_example/test_{invoice.id[3:]}{suffix}"


def invoice_payment(payment: InvoicePayment, api: ApiVersion, livemode: bool) -> Json:
    """Return an InvoicePayment, the only object since 2025 with both invoice and PaymentIntent."""
    return {
        "id": payment.id,
        "object": "invoice_payment",
        "amount_paid": payment.amount,
        "amount_requested": payment.amount,
        "created": payment.created,
        "currency": payment.invoice.currency,
        "invoice": payment.invoice.id,
        "is_default": payment.is_default,
        "livemode": livemode,
        "payment": _paid_by(payment, api),
        "status": payment.status,
        "status_transitions": {"canceled_at": None, "paid_at": payment.paid_at},
    }


def _paid_by(payment: InvoicePayment, api: ApiVersion) -> Json:
    if payment.intent:
        return {"payment_intent": payment.intent.id, "type": "payment_intent"}
    if payment.charge:
        return {"charge": payment.charge.id, "type": "charge"}
    if not api.order_reference:
        return {"type": "out_of_band_payment"}
    return {"payment_record": payment.payment_record, "type": "payment_record"}


def credit_note(note: CreditNote, api: ApiVersion, livemode: bool) -> Json:
    """Return a CreditNote; 2025-03-31 turned its refund to a list of refunds."""
    invoice = note.invoice
    shape: Json = {
        "id": note.id,
        "object": "credit_note",
        "amount": note.amount,
        "created": note.created,
        "currency": invoice.currency,
        **customer_keys(invoice.customer, api),
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "effective_at": note.created,
        "invoice": invoice.id,
        "livemode": livemode,
        "memo": None,
        "metadata": dict(note.metadata),
        "number": note.number,
        "out_of_band_amount": None,
        "pdf": f"https://pay.stripe.com/credit_notes/acct_example/{note.id}/pdf",
        "post_payment_amount": note.post_payment_amount,
        "pre_payment_amount": note.pre_payment_amount,
        "reason": note.reason,
        "status": note.status,
        "subtotal": note.amount,
        "total": note.amount,
        "type": note.type,
        "voided_at": note.voided_at,
    }
    if api.credit_note_refunds:
        refund = {"amount_refunded": note.amount, "refund": note.refund, "type": "refund"}
        shape["refunds"] = [refund] if note.refund else []
    else:
        shape["refund"] = note.refund
    return shape
