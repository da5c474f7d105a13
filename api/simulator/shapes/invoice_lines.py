"""The JSON of an invoice's line, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json
from api.simulator.versions import ApiVersion
from api.simulator.world import Invoice


def line(invoice: Invoice, api: ApiVersion) -> Json:
    """Return the invoice's only line; 2025-03-31 moved its price and what it bills."""
    shape: Json = {
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
        shape.update(_line_since_parent(invoice))
    else:
        shape.update(_line_before_parent(invoice, api))
    return shape


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
