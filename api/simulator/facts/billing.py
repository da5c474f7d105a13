"""The facts of subscriptions and their schedules, of invoices, their payments and credit notes."""

from __future__ import annotations

from api.simulator.facts.parts import Facts, of_customer, same
from api.simulator.versions import ApiVersion
from api.simulator.world import (
    CreditNote,
    Invoice,
    InvoicePayment,
    Item,
    Phase,
    Schedule,
    Subscription,
)


def invoice(invoice: Invoice, api: ApiVersion) -> Facts:
    """Return the facts of an invoice."""
    url = f"https://invoice.stripe.com/i/acct_example/test_{invoice.id[3:]}"
    fields: Facts = {
        **same(
            invoice,
            "created status number subscription amount_due amount_paid amount_remaining currency "
            "attempt_count next_payment_attempt period_start period_end billing_reason "
            "collection_method due_date finalized_at subtotal tax starting_balance "
            "ending_balance pre_payment_credit_notes_amount post_payment_credit_notes_amount "
            "finalization_error auto_advance",
        ),
        **of_customer(invoice.customer, api),
        "customer_email": invoice.customer.email,
        "customer_name": invoice.customer.name,
        "hosted_invoice_url": url if invoice.finalized_at else None,
        "invoice_pdf": f"{url}/pdf" if invoice.finalized_at else None,
        "total": invoice.amount,
        "lines": [_line(invoice, api)],
        "lines_has_more": invoice.is_cut_off,
        "metadata": dict(invoice.metadata),
    }
    if api.status_transitions:
        fields["paid_at"] = invoice.paid_at
    if api.total_discount_amounts:
        fields["discount"] = invoice.discount
    if api.paid_off_stripe:
        fields["amount_paid_off_stripe"] = invoice.amount_paid_off_stripe
    if api.parent:
        fields["amount_overpaid"] = invoice.amount_overpaid
    else:
        charge = invoice.intent.charges[-1:] if invoice.intent else ()
        fields["paid_out_of_band"] = invoice.paid_out_of_band
        fields["payment_intent"] = invoice.intent.id if invoice.intent else None
        fields["charge"] = charge[0].id if charge else invoice.charge and invoice.charge.id
    return fields


def _line(invoice: Invoice, api: ApiVersion) -> Facts:
    item = invoice.item
    return {
        "id": f"il_{invoice.id[3:]}",
        "description": invoice.description,
        "amount": invoice.subtotal,
        "currency": invoice.currency,
        "quantity": 1,
        "price": item.price if item else None,
        "product": item.product if item else None,
        "proration": False,
        "period_start": invoice.period_start,
        "period_end": invoice.period_end,
        "subscription": invoice.subscription,
        "subscription_item": item.id if item else None,
    }


def invoice_payment(payment: InvoicePayment, api: ApiVersion, event_type: str) -> Facts:
    """Return the facts of an invoice's payment; only the type says that it was detached."""
    return {
        **same(payment, "created amount status is_default"),
        "invoice": payment.invoice.id,
        "payment_intent": payment.intent.id if payment.intent else None,
        "charge": payment.charge.id if payment.charge else None,
        "payment_record": payment.payment_record if api.order_reference else None,
        "detached": event_type == "invoice_payment.detached",
    }


def credit_note(note: CreditNote, api: ApiVersion) -> Facts:
    """Return the facts of a credit note."""
    return {
        **same(
            note,
            "created status amount type reason number pre_payment_amount post_payment_amount "
            "refund",
        ),
        **of_customer(note.invoice.customer, api),
        "invoice": note.invoice.id,
        "currency": note.invoice.currency,
        "metadata": dict(note.metadata),
    }


def subscription(sub: Subscription, api: ApiVersion) -> Facts:
    """Return the facts of a subscription."""
    fields: Facts = {
        **same(
            sub,
            "created status currency current_period_start current_period_end "
            "cancel_at_period_end cancel_at canceled_at ended_at trial_start trial_end "
            "collection_method latest_invoice pause_collection resumes_at default_payment_method "
            "schedule cancellation_reason cancellation_feedback application_fee_percent "
            "on_behalf_of",
        ),
        **of_customer(sub.customer, api),
        "items": [_item(item, sub, api) for item in sub.items],
        "items_has_more": sub.is_cut_off,
        "discounts": [each.id for each in sub.discounts],
        "pending_update": sub.is_update_pending,
        "start_date": sub.created,
        "metadata": dict(sub.metadata),
    }
    if api.billing_mode:
        fields["billing_mode"] = sub.billing_mode
    if api.status_details:
        fields["paused_reason"] = sub.paused_reason
    return fields


def _item(item: Item, sub: Subscription, api: ApiVersion) -> Facts:
    start, end = sub.current_period_start, sub.current_period_end
    if api.item_period and item.period:
        start, end = item.period
    return {
        "id": item.id,
        "price": item.price,
        "product": item.product,
        "quantity": item.quantity,
        "unit_amount": item.unit_amount,
        "unit_amount_decimal": item.amount_decimal,
        "currency": sub.currency,
        "interval": item.interval,
        "interval_count": item.interval_count,
        "usage_type": item.usage_type,
        "billing_scheme": "per_unit",
        "meter": item.meter,
        "nickname": item.nickname,
        "lookup_key": item.lookup_key if api.price else None,
        # While the subscription has the period, it is that of each item.
        "current_period_start": start,
        "current_period_end": end,
        "trial_start": None,
        "trial_end": None,
    }


def schedule(schedule: Schedule, api: ApiVersion) -> Facts:
    """Return the facts of a subscription schedule, which goes on naming what it released."""
    current = schedule.current_phase
    return {
        **same(schedule, "created status end_behavior released_at canceled_at"),
        **of_customer(schedule.customer, api),
        "subscription": schedule.subscription or schedule.released_subscription,
        "current_phase_start": current.start if current else None,
        "current_phase_end": current.end if current else None,
        "phases": [_phase(phase) for phase in schedule.phases],
        "metadata": dict(schedule.metadata),
    }


def _phase(phase: Phase) -> Facts:
    return {
        "start_date": phase.start,
        "end_date": phase.end,
        "trial_end": None,
        "items": [{"price": phase.price, "quantity": phase.quantity}],
    }
