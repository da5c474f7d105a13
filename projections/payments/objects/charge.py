"""Charges: each attempt to take a payment's money, and what became of the money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.objects.declaration import Embed, Link, Measure, Read, StripeObject
from projections.objects.measures import integer
from projections.objects.paths import at
from projections.objects.types import ABSENT, Type, lower, not_empty
from projections.payments.money import amount_at_capture, remainder_was_refunded

__all__ = ["CHARGE"]

# As cards were named until 2019.
_BRANDS = {"american express": "amex", "diners club": "diners"}


def _captured(amount_captured: Any, amount: Any, captured: Any) -> int:
    if amount_captured.__class__ is int:
        return int(amount_captured)
    # Charges before `amount_captured`: captured, or not.
    return int(amount) if captured is True and amount.__class__ is int else 0


def _status_of_paid(snapshot: Mapping[str, Any]) -> Any:
    # Charges of the first years had no status: they were paid, or had failed.
    paid = snapshot.get("paid")
    return ("succeeded" if paid else "failed") if isinstance(paid, bool) else ABSENT


def _captured_if_paid(snapshot: Mapping[str, Any]) -> Any:
    # Nor could they be authorized only.
    return True if snapshot.get("paid") is True else ABSENT


def _method_type(value: Any) -> Any:
    # Until 2019-03 a card stood there itself, of which the oldest do not say that they are one; a
    # source names its type.
    if not isinstance(value, dict):
        return value
    name = value.get("object", "card")
    return value.get("type") if name == "source" else name


def _brand(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    name = value.lower()
    return _BRANDS.get(name, name)


def _has_captured(values: Mapping[str, Any]) -> bool:
    amount = values.get("amount_captured")
    captured = values.get("captured") if amount is None else amount
    return values.get("status") == "succeeded" and bool(captured)


CHARGE = StripeObject(
    "charge",
    event_types=("charge.*",),
    reads=(
        # Until 2015-02-18 `succeeded` was `paid`.
        Read(
            "status", Type.CODE, at("status"),
            lambda value: "succeeded" if value == "paid" else value,
            _status_of_paid,
        ),
        Read("amount", Type.INTEGER, at("amount")),
        Read("amount_captured", Type.INTEGER, at("amount_captured")),
        Read("amount_refunded", Type.INTEGER, at("amount_refunded")),
        Read("captured", Type.BOOLEAN, at("captured"), fallback=_captured_if_paid),
        Read("refunded", Type.BOOLEAN, at("refunded")),
        Read("currency", Type.CODE, at("currency"), lower),
        Read("customer", Type.ID, at("customer")),
        Read("description", Type.TEXT, at("description")),
        Read("failure_code", Type.CODE, at("failure_code"), not_empty),
        Read("failure_message", Type.TEXT, at("failure_message")),
        Read("decline_code", Type.CODE, at("outcome.reason")),
        Read(
            "payment_method_type", Type.CODE,
            at("payment_method_details.type", "source", "card"), _method_type,
        ),
        Read(
            "card_brand", Type.CODE,
            at("payment_method_details.card.brand", "payment_method_details.card_present.brand",
               "source.brand", "source.card.brand", "card.brand", "card.type"),
            _brand,
        ),
        Read(
            "card_last4", Type.CODE,
            at("payment_method_details.card.last4", "payment_method_details.card_present.last4",
               "source.last4", "source.card.last4", "card.last4"),
        ),
        Read("receipt_url", Type.TEXT, at("receipt_url")),
        Read(
            "email", Type.TEXT, at("billing_details.email", "source.owner.email"), personal=True,
        ),
        Read(
            "name", Type.TEXT,
            at("billing_details.name", "source.owner.name", "source.name", "card.name"),
            personal=True,
        ),
        Read("receipt_email", Type.TEXT, at("receipt_email"), personal=True),
        Read("shipping", Type.OBJECT, at("shipping"), personal=True, is_nested=True),
        Read("statement_descriptor", Type.TEXT, at("statement_descriptor")),
        Read("application_fee_amount", Type.INTEGER, at("application_fee_amount")),
        Read("on_behalf_of", Type.ID, at("on_behalf_of")),
        Read("destination", Type.ID, at("transfer_data.destination", "destination")),
        Read(
            "presentment_amount", Type.INTEGER, at("presentment_details.presentment_amount"),
        ),
        Read(
            "presentment_currency", Type.CODE, at("presentment_details.presentment_currency"),
            lower,
        ),
        Read("balance_transaction", Type.ID, at("balance_transaction")),
        Read("risk_level", Type.CODE, at("outcome.risk_level")),
    ),
    terminal=frozenset({"failed"}),
    progress=(
        Measure(
            (
                ("amount_captured", Type.INTEGER),
                ("amount", Type.INTEGER),
                ("captured", Type.BOOLEAN),
            ),
            _captured,
        ),
    ),
    type_order=("pending", "succeeded", "captured", "updated", "refunded", "expired", "failed"),
    status_order=("pending", "succeeded", "failed"),
    tie_breakers=(integer("amount_refunded"),),
    links=(
        Link("payment_intent", at("payment_intent")),
        Link("invoice", at("invoice"), prefix="in_"),
        Link("refund", at("refunds.data")),
    ),
    embeds=(Embed("refund", "refunds.data"),),
    first_seen={
        "paid": lambda values, type: _has_captured(values),
        "expired": lambda values, type: type == "charge.expired",
    },
    first_known={
        "remainder_was_refunded": remainder_was_refunded,
        "amount_captured": amount_at_capture,
    },
)  # fmt: skip
