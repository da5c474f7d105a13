"""Transfers: money moved to connected accounts, and what of it was taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from projections.objects.declaration import MergedList, Read, StripeObject
from projections.objects.measures import integer
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.aggregate import Aggregate, Component, each_object
from projections.rows.condition import Condition
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "TRANSFER"]

_REVERSAL = (
    Field("id", Type.ID, "The reversal's id."),
    Field("amount", Type.INTEGER, "What was taken back, in the minor unit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("created", Type.TIME, "When it was taken back.", at("created")),
    Field(
        "balance_transaction", Type.ID, "The balance transaction that brought it.",
        at("balance_transaction"),
    ),
    Field(
        "destination_payment_refund", Type.ID,
        "The refund of the payment that the transfer was in the other account.",
        at("destination_payment_refund"),
    ),
    Field("source_refund", Type.ID, "The refund that it was taken back for.", at("source_refund")),
)  # fmt: skip


def _reversals(transfer: Aggregate) -> list[dict[str, Any]]:
    """All that any event showed, oldest first: one shows no more than the newest ten."""
    assert transfer.root is not None
    by_id = transfer.root.merged.get("reversals", {})
    blank = dict.fromkeys(item.name for item in _REVERSAL)
    reversals = [{**blank, **values, "id": id} for id, values in by_id.items()]
    return sorted(reversals, key=lambda each: (each["created"] or 0, each["id"]))


_FIELDS = (
    Field("amount", Type.INTEGER, "Amount transferred, in the minor unit.", at("amount")),
    Field(
        "amount_reversed", Type.INTEGER, "How much of it was taken back.", at("amount_reversed")
    ),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("reversed", Type.BOOLEAN, "Whether all of it was taken back.", at("reversed")),
    Field("destination", Type.ID, "The account it goes to.", at("destination")),
    Field(
        "destination_payment", Type.ID, "The payment that it is in that account.",
        at("destination_payment"),
    ),
    Field(
        "source_transaction", Type.ID, "The charge whose money it is, where it waits for one.",
        at("source_transaction"),
    ),
    Field(
        "source_type", Type.CODE, "The balance it comes from: `card`, `bank_account` or `fpx`.",
        at("source_type"),
    ),
    Field(
        "balance_transaction", Type.ID, "The balance transaction that took the money.",
        at("balance_transaction"),
    ),
    Field(
        "transfer_group", Type.CODE, "The merchant's own name for what belongs together.",
        at("transfer_group"),
    ),
    Field("description", Type.TEXT, "The merchant's description.", at("description")),
    Field(
        "reversals", Type.LIST, "What was taken back of it, oldest first.",
        derive=_reversals, items=_REVERSAL, nullable=False,
    ),
)  # fmt: skip

TRANSFER = StripeObject(
    "transfer",
    event_types=("transfer.*",),
    reads=(
        *reads_of(*_FIELDS),
        # Until 2017-04-06 a payout was a transfer too: these were its words.
        Read("way", Type.CODE, at("type")),
        Read("way_status", Type.CODE, at("status")),
    ),
    progress=(integer("amount_reversed"),),
    type_order=("created", "updated", "reversed"),
    merged_lists={"reversals": MergedList("reversals.data", reads_of(*_REVERSAL))},
)


def _is_payout(transfer: Aggregate) -> bool:
    """Whether it went to a bank, as transfers did that are payouts since 2017-04-06.

    Since then a transfer has neither a status nor a type; those to an account had both before.
    """
    values = transfer.values
    way = values.get("way")
    if way is not None:
        return bool(way != "stripe_account")
    destination = str(values.get("destination") or "")
    return values.get("way_status") is not None and not destination.startswith("acct_")


def _transfers(component: Component) -> Iterator[Aggregate]:
    for transfer in each_object(TRANSFER.name, component):
        if not _is_payout(transfer):
            yield transfer


def _amount_reversed(transfer: Aggregate) -> int:
    return transfer.values.get("amount_reversed") or 0


KIND = Kind(
    name="transfers",
    object="transfer",
    about="Money moved to connected accounts.",
    members=(TRANSFER,),
    aggregates=_transfers,
    conditions=(
        Condition("partially_reversed", "A part of it was taken back.",
                  lambda transfer: 0 < _amount_reversed(transfer)
                  < (transfer.values.get("amount") or 0)),
        Condition("reversed", "All of it was taken back.",
                  lambda transfer: transfer.values.get("reversed") is True),
    ),
    fields=_FIELDS,
)  # fmt: skip
