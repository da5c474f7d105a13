"""The JSON of what pays an invoice, and of what is credited on it, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json, customer_keys
from api.simulator.versions import ApiVersion
from api.simulator.world import CreditNote, InvoicePayment


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
