"""Checkout Sessions: the pages on which a buyer paid, or did not."""

from __future__ import annotations

from typing import Any

from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.measures import equals
from projections.objects.paths import at
from projections.objects.types import Type, lower

__all__ = ["CHECKOUT_SESSION"]


def _status(values: dict[str, Any], type: str, created: int) -> None:
    # Before statuses, only the type said that a session was over: a snapshot record has none.
    if not values.get("status") and type.startswith("checkout.session."):
        values["status"] = "expired" if type == "checkout.session.expired" else "complete"


CHECKOUT_SESSION = StripeObject(
    "checkout.session",
    event_types=("checkout.session.*",),
    reads=(
        Read("status", Type.CODE, at("status")),
        Read("payment_status", Type.CODE, at("payment_status")),
        Read("mode", Type.CODE, at("mode")),
        Read("amount", Type.INTEGER, at("amount_total")),
        Read("amount_subtotal", Type.INTEGER, at("amount_subtotal")),
        Read("amount_tax", Type.INTEGER, at("total_details.amount_tax")),
        Read("amount_discount", Type.INTEGER, at("total_details.amount_discount")),
        Read("amount_shipping", Type.INTEGER, at("total_details.amount_shipping")),
        Read("currency", Type.CODE, at("currency"), lower),
        Read("customer", Type.ID, at("customer")),
        Read("customer_account", Type.ID, at("customer_account")),
        Read("client_reference_id", Type.CODE, at("client_reference_id")),
        Read("payment_link", Type.ID, at("payment_link")),
        Read(
            "email",
            Type.TEXT,
            at("customer_details.email", "customer_email"),
            personal=True,
        ),
        Read("name", Type.TEXT, at("customer_details.name"), personal=True),
        Read(
            "shipping",
            Type.OBJECT,
            at("collected_information.shipping_details", "shipping_details", "shipping"),
            personal=True,
            is_nested=True,
        ),
        Read(
            "presentment_amount",
            Type.INTEGER,
            at("presentment_details.presentment_amount"),
        ),
        Read(
            "presentment_currency",
            Type.CODE,
            at("presentment_details.presentment_currency"),
            lower,
        ),
    ),
    terminal=frozenset({"complete", "expired"}),
    is_settled=lambda values: values.get("payment_status") in ("paid", "no_payment_required"),
    progress=(equals("payment_status", "paid"),),
    type_order=("completed|expired", "async_payment_failed", "async_payment_succeeded"),
    status_order=("open", "expired", "complete"),
    links=(
        Link("payment_intent", at("payment_intent")),
        Link("invoice", at("invoice"), prefix="in_"),
        Link("subscription", at("subscription")),
    ),
    first_seen={
        # What had nothing to pay is paid, but no money came.
        "paid": lambda values, type: (
            values.get("status") == "complete" and values.get("payment_status") == "paid"
        ),
        # The snapshot is the same as when the session completed: only the type says so.
        "async_payment_failed": lambda values, type: (
            type == "checkout.session.async_payment_failed"
        ),
    },
    from_event_type=_status,
)
