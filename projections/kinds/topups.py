"""Top-ups: money that the merchant's bank puts into the balance at Stripe."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower, not_empty
from projections.rows.condition import status_is
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "TOPUP"]

_FIELDS = (
    Field("status", Type.CODE, "Stripe's status; what succeeded may be reversed.", at("status")),
    Field("amount", Type.INTEGER, "Amount, in the minor unit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field(
        "expected_availability_date", Type.TIME, "When it is expected to be in the balance.",
        at("expected_availability_date"),
    ),
    Field("failure_code", Type.CODE, "Why it failed, as a code.", at("failure_code"),
          convert=not_empty),
    Field("failure_message", Type.TEXT, "Why it failed, in words.", at("failure_message")),
    Field(
        "balance_transaction", Type.ID, "The balance transaction that brought the money.",
        at("balance_transaction"),
    ),
    Field("source", Type.ID, "What it is taken from.", at("source")),
    Field(
        "statement_descriptor", Type.TEXT, "What the bank's statement shows.",
        at("statement_descriptor"),
    ),
    Field(
        "transfer_group", Type.CODE, "The merchant's own name for what belongs together.",
        at("transfer_group"),
    ),
    Field("description", Type.TEXT, "The merchant's description.", at("description")),
)  # fmt: skip

TOPUP = StripeObject(
    "topup",
    event_types=("topup.*",),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({"failed", "canceled", "reversed"}),
    type_order=("created", "succeeded", "canceled", "failed", "reversed"),
    status_order=("pending", "succeeded", "canceled", "failed", "reversed"),
)

KIND = Kind(
    name="topups",
    object="topup",
    about="Money put into the balance by the merchant's bank.",
    members=(TOPUP,),
    conditions=(
        status_is("succeeded", "Its money is in the balance; it may still be reversed."),
        status_is("failed", "The bank did not give the money."),
        status_is("canceled", "It was canceled."),
        status_is("reversed", "The bank took the money back."),
    ),
    fields=_FIELDS,
)
