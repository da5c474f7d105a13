"""Payouts: money on its way to the merchant's bank; `paid` is a hope, not an end."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower, not_empty
from projections.rows.condition import status_is
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "PAYOUT"]

_FIELDS = (
    Field("status", Type.CODE, "Stripe's status; `paid` may still become `failed`.", at("status")),
    Field("amount", Type.INTEGER, "Amount in the minor unit; negative for a debit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field(
        "arrival_date", Type.TIME, "When it is expected to arrive.",
        # Before 2017-04-06 payouts were transfers, which called it `date`.
        at("arrival_date", "date"),
    ),
    Field("method", Type.CODE, "`standard` or `instant`.", at("method")),
    Field("type", Type.CODE, "`bank_account` or `card`.", at("type")),
    Field("automatic", Type.BOOLEAN, "True where Stripe's schedule made it.", at("automatic")),
    Field("destination", Type.ID, "The bank account or card it goes to.", at("destination")),
    Field(
        "balance_transaction", Type.ID, "The balance transaction that took the money.",
        at("balance_transaction"),
    ),
    Field("failure_code", Type.CODE, "Why it failed, as a code.", at("failure_code"),
          convert=not_empty),
    Field("failure_message", Type.TEXT, "Why it failed, in words.", at("failure_message")),
    Field(
        "failure_balance_transaction", Type.ID,
        "The balance transaction that took back the money of a failed one.",
        at("failure_balance_transaction"),
    ),
    Field("original_payout", Type.ID, "The payout that this one reverses.", at("original_payout")),
    Field("reversed_by", Type.ID, "The payout that reverses this one.", at("reversed_by")),
    Field(
        "reconciliation_status", Type.CODE,
        "Whether the balance transactions in it can be listed at Stripe yet.",
        at("reconciliation_status"),
    ),
    Field(
        "trace_id", Type.CODE, "The bank's own reference, by which its receiver's bank finds it.",
        at("trace_id.value"),
    ),
    Field(
        "payout_method", Type.ID, "The payout method of the v2 API that it goes to.",
        at("payout_method"),
    ),
    Field(
        "statement_descriptor", Type.TEXT, "What the receiver's statement shows.",
        at("statement_descriptor"),
    ),
    Field(
        "paid_at", Type.TIME, "When an event first showed it paid.",
        derive=lambda payout: payout.root.first_seen.get("paid_at"),
    ),
    Field(
        "failed_at", Type.TIME, "When an event first showed it failed.",
        derive=lambda payout: payout.root.first_seen.get("failed_at"),
    ),
)  # fmt: skip

PAYOUT = StripeObject(
    "payout",
    event_types=("payout.*",),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({"failed", "canceled"}),
    type_order=("created", "updated", "paid", "reconciliation_completed", "canceled", "failed"),
    status_order=("pending", "in_transit", "paid", "canceled", "failed"),
    first_seen={
        "paid_at": lambda values, type: values.get("status") == "paid",
        "failed_at": lambda values, type: values.get("status") == "failed",
    },
)

KIND = Kind(
    name="payouts",
    object="payout",
    about="Money paid out to the merchant.",
    members=(PAYOUT,),
    summary=("amount",),
    conditions=(
        status_is("paid", "It is expected to arrive at the bank; it may still fail."),
        status_is("failed", "The bank could not take it: its money came back."),
        status_is("canceled", "It was canceled."),
    ),
    fields=_FIELDS,
)
