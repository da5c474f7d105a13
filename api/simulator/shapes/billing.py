"""The JSON of subscriptions, invoices and invoice payments, by API version."""

from __future__ import annotations

from typing import Any

from api.simulator.shapes.parts import Json, customer_keys, list_object
from api.simulator.versions import ApiVersion
from api.simulator.world import Invoice, InvoicePayment, Item, Subscription

_NULL_ON_INVOICES = (
    "account_tax_ids",
    "application",
    "custom_fields",
    "customer_shipping",
    "default_source",
    "footer",
    "from_invoice",
    "last_finalization_error",
    "latest_revision",
    "on_behalf_of",
    "receipt_number",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "test_clock",
)


def subscription(subscription: Subscription, api: ApiVersion, livemode: bool) -> Json:
    """Return a Subscription; 2020 turned plans to prices, 2025-03-31 moved the period to items."""
    sub = subscription
    items = [_item(item, sub, api) for item in sub.items]
    shape: Json = {
        "id": sub.id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_cycle_anchor": sub.trial_end or sub.created,
        "cancel_at": sub.cancel_at,
        "cancel_at_period_end": sub.cancel_at_period_end,
        "canceled_at": sub.canceled_at,
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "reason": sub.cancellation_reason,
        },
        "billing" if api.billing else "collection_method": sub.collection_method,
        "created": sub.created,
        "currency": sub.currency,
        **customer_keys(sub.customer, api),
        "days_until_due": None,
        "default_payment_method": sub.default_payment_method,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "ended_at": sub.ended_at,
        "items": list_object(items, f"/v1/subscription_items?subscription={sub.id}"),
        "latest_invoice": sub.latest_invoice,
        "livemode": livemode,
        "metadata": dict(sub.metadata),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": {"behavior": sub.pause_collection, "resumes_at": None}
        if sub.pause_collection
        else None,
        "payment_settings": {"payment_method_options": None, "payment_method_types": None},
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "status": sub.status,
        "transfer_data": None,
        "trial_end": sub.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": sub.trial_start,
    }
    if api.billing:
        shape["start"] = sub.created
    if api.start_date:
        shape["start_date"] = sub.created
    if not api.item_period:
        shape["current_period_start"] = sub.current_period_start
        shape["current_period_end"] = sub.current_period_end
        shape["discount"] = None
    if api.subscription_plan:
        shape.update(plan=items[0]["plan"], quantity=sub.items[0].quantity)
    return shape


def _item(item: Item, sub: Subscription, api: ApiVersion) -> Json:
    shape: Json = {
        "id": item.id,
        "object": "subscription_item",
        "created": sub.created,
        "metadata": {},
        "quantity": item.quantity,
        "subscription": sub.id,
        "tax_rates": [],
    }
    common: dict[str, Any] = {
        "id": item.price,
        "active": True,
        "billing_scheme": "per_unit",
        "created": sub.created,
        "currency": sub.currency,
        "metadata": {},
        "nickname": None,
        "product": item.product,
        "tiers_mode": None,
    }
    recurring = {"interval": item.interval, "interval_count": item.interval_count}
    if not api.item_period:
        shape["plan"] = {**common, "object": "plan", "amount": item.unit_amount, **recurring}
    if api.price:
        shape["price"] = {
            **common,
            "object": "price",
            "recurring": {**recurring, "usage_type": "licensed"},
            "type": "recurring",
            "unit_amount": item.unit_amount,
            "unit_amount_decimal": str(item.unit_amount),
        }
    if api.item_period:
        shape["current_period_start"] = sub.current_period_start
        shape["current_period_end"] = sub.current_period_end
        shape["discounts"] = []
    return shape


def invoice(invoice: Invoice, api: ApiVersion, livemode: bool) -> Json:
    """Return an Invoice; 2025-03-31 moved its subscription to `parent` and dropped its payment."""
    customer = invoice.customer
    shape: Json = {
        "id": invoice.id,
        "object": "invoice",
        **dict.fromkeys(_NULL_ON_INVOICES),
        "account_country": "IE",
        "account_name": "Example Shop",
        "amount_due": invoice.amount,
        "amount_paid": invoice.amount_paid,
        "amount_remaining": invoice.amount_remaining,
        "attempt_count": invoice.attempt_count,
        "attempted": invoice.attempt_count > 0,
        "auto_advance": invoice.status in ("draft", "open"),
        "billing_reason": invoice.billing_reason,
        "billing" if api.billing else "collection_method": invoice.collection_method,
        "date" if api.created_named_date else "created": invoice.created,
        "currency": invoice.currency,
        **customer_keys(customer, api),
        "customer_address": dict(customer.address),
        "customer_email": customer.email,
        "customer_name": customer.name,
        "customer_phone": customer.phone,
        "customer_tax_exempt": "none",
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "ending_balance": 0 if invoice.finalized_at else None,
        "hosted_invoice_url": _hosted_url(invoice, ""),
        "invoice_pdf": _hosted_url(invoice, "/pdf"),
        "lines": list_object([_line(invoice, api)], f"/v1/invoices/{invoice.id}/lines"),
        "livemode": livemode,
        "metadata": dict(invoice.metadata),
        "next_payment_attempt": invoice.next_payment_attempt,
        "number": invoice.number,
        "period_end": invoice.period_end,
        "period_start": invoice.period_start,
        "starting_balance": 0,
        "status": invoice.status,
        "subtotal": invoice.amount,
        "total": invoice.amount,
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


def invoice_payment(payment: InvoicePayment, livemode: bool) -> Json:
    """Return an InvoicePayment, the only object since 2025 with both invoice and PaymentIntent."""
    invoice = payment.invoice
    return {
        "id": payment.id,
        "object": "invoice_payment",
        "amount_paid": invoice.amount_paid,
        "amount_requested": invoice.amount,
        "created": payment.created,
        "currency": invoice.currency,
        "invoice": invoice.id,
        "is_default": True,
        "livemode": livemode,
        "payment": {"payment_intent": payment.intent.id, "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": payment.paid_at},
    }


def _since_parent(invoice: Invoice) -> Json:
    details: Json = {"metadata": {}, "subscription": invoice.subscription}
    parent: Json = {
        "quote_details": None,
        "subscription_details": details,
        "type": "subscription_details",
    }
    return {
        "amount_overpaid": 0,
        "parent": parent if invoice.subscription else None,
        "total_taxes": [],
    }


def _before_parent(invoice: Invoice) -> Json:
    intent = invoice.intent
    charge = intent.charges[-1].id if intent and intent.charges else None
    return {
        "charge": charge,
        "discount": None,
        "paid": invoice.status == "paid",
        "payment_intent": intent.id if intent else None,
        "subscription": invoice.subscription,
        "tax": None,
        "total_tax_amounts": [],
    }


def _line(invoice: Invoice, api: ApiVersion) -> Json:
    line: Json = {
        "id": f"il_{invoice.id[3:]}",
        "object": "line_item",
        "amount": invoice.amount,
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
        line["parent"] = {"subscription_item_details": None, "type": "subscription_item_details"}
        line["pricing"] = {"price_details": None, "type": "price_details"}
    else:
        line.update(proration=False, subscription=invoice.subscription, type="subscription")
    return line


def _hosted_url(invoice: Invoice, suffix: str) -> str | None:
    if invoice.finalized_at is None:
        return None
    return f"https://invoice.stripe.com/i/acct_example/test_{invoice.id[3:]}{suffix}"
