"""What the journal reads of each object: the money, by the declarations that rows are made by.

More is read than rows need (which part of a charge went on, what a transaction's source is of), so
each declaration is completed here: what the journal adds rebuilds no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from projections.kinds.application_fees import APPLICATION_FEE, FEE_REFUND
from projections.kinds.balance_transactions import BALANCE_TRANSACTION
from projections.kinds.disputes import DISPUTE
from projections.kinds.payouts import PAYOUT
from projections.kinds.refunds import REFUND
from projections.kinds.topups import TOPUP
from projections.kinds.transfers import TRANSFER
from projections.objects.declaration import Embed, Link, Read, StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.payments.objects import CHARGE, PAYMENT_INTENT

__all__ = ["OBJECTS", "SOURCES"]

SOURCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "charge": ("ch_", "py_"),
        "refund": ("re_", "pyr_"),
        "dispute": ("dp_", "du_"),
        "payout": ("po_",),
        "transfer": ("tr_",),
        "transfer_reversal": ("trr_",),
        "topup": ("tu_",),
        "application_fee": ("fee_",),
        "fee_refund": ("fr_",),
    }
)
"""What moves a balance, and how its ids begin: a balance transaction's source names its id only."""

# Where a source that was recorded whole names what it is a part of.
_PARENTS = {
    "charge": at("source.charge"),
    "transfer": at("source.transfer"),
    "application_fee": at("source.fee"),
}


def _reading(
    declared: StripeObject,
    *names: str,
    more: tuple[Read, ...] = (),
    links: tuple[Link, ...] = (),
    embeds: tuple[Embed, ...] = (),
) -> StripeObject:
    """A declaration with some of its reads, and what is added to it."""
    return replace(
        declared,
        reads=(*(read for read in declared.reads if read.name in names), *more),
        links=(*declared.links, *links),
        embeds=(*declared.embeds, *embeds),
    )


# Shown inside its transfer, or as the source of a transaction; no event is about one.
_TRANSFER_REVERSAL = StripeObject(
    "transfer_reversal",
    listing=None,
    reads=(
        Read("amount", Type.INTEGER, at("amount")),
        Read("currency", Type.CODE, at("currency"), lower),
    ),
    links=(Link("transfer", at("transfer")),),
)

_OBJECTS = (
    _reading(
        CHARGE,
        "status", "amount", "amount_captured", "amount_refunded", "captured", "currency",
        "destination",
        more=(Read("transfer_amount", Type.INTEGER, at("transfer_data.amount")),),
    ),
    _reading(PAYMENT_INTENT, "status", "amount", "amount_received", "currency"),
    _reading(REFUND, "status", "amount", "currency"),
    _reading(DISPUTE, "status", "amount", "currency"),
    _reading(PAYOUT, "status", "amount", "currency", "destination"),
    _reading(
        TRANSFER,
        "amount", "amount_reversed", "currency", "destination", "way", "way_status",
        links=(Link("transfer_reversal", at("reversals.data")),),
        embeds=(Embed("transfer_reversal", "reversals.data"),),
    ),
    _TRANSFER_REVERSAL,
    _reading(TOPUP, "status", "amount", "currency", "source"),
    _reading(APPLICATION_FEE, "amount", "amount_refunded", "currency"),
    _reading(FEE_REFUND, "amount", "currency"),
    _reading(
        BALANCE_TRANSACTION,
        "status", "amount", "fee", "net", "currency", "type", "reporting_category", "source",
        "fee_details", "balance_type",
        more=(
            Read("source_amount", Type.INTEGER, at("source.amount")),
            Read("source_captured", Type.INTEGER, at("source.amount_captured")),
            Read("source_currency", Type.CODE, at("source.currency"), lower),
        ),
        links=tuple(
            Link(name, at("source", *_PARENTS.get(name, ())), prefixes)
            for name, prefixes in SOURCES.items()
        ),
    ),
)  # fmt: skip

OBJECTS: Mapping[str, StripeObject] = MappingProxyType({each.name: each for each in _OBJECTS})
"""Every object that the journal reads, by name."""
