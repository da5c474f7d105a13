"""Application fees: what a platform earns of its accounts' charges, and what it gave back."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from projections.objects.declaration import Embed, Link, Read, StripeObject
from projections.objects.measures import integer
from projections.objects.paths import at
from projections.objects.state import EventStats, State
from projections.objects.types import Type, lower
from projections.rows.aggregate import Aggregate, Component, first_link
from projections.rows.condition import Condition
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["APPLICATION_FEE", "FEE_REFUND", "KIND"]


class _FeeAggregate(Aggregate):
    """A fee and its refunds; an event of the fee that carries a refund counts once."""

    @property
    def events(self) -> EventStats:
        """Its own events; where only carried refunds could be read, those that carried them."""
        total = functools.reduce(
            EventStats.plus, (state.direct for state in self.members), EventStats()
        )
        return total if total.count else super().events


def _application_fees(component: Component) -> Iterator[Aggregate]:
    members: dict[str, list[State]] = defaultdict(list)
    for state in component.all("application_fee"):
        members[state.id].append(state)
    for state in component.all("fee_refund"):
        fee = first_link(state, "application_fee")
        if fee is not None:
            members[fee].append(state)
    for id, states in members.items():
        root = component.get("application_fee", id)
        yield _FeeAggregate(id=id, component=component, root=root, members=states)


_REFUND = (
    Field("id", Type.ID, "The refund's id."),
    Field("amount", Type.INTEGER, "What was given back, in the minor unit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("created", Type.TIME, "When it was given back."),
    Field(
        "balance_transaction", Type.ID, "The balance transaction that took it.",
        at("balance_transaction"),
    ),
    Field("metadata", Type.OBJECT, "The merchant's own keys and values."),
)  # fmt: skip


def _refunds(fee: Aggregate) -> list[dict[str, Any]]:
    """What any event showed of its refunds, whoever it was about, oldest first."""
    refunds = [
        {**{item.name: state.values.get(item.name) for item in _REFUND}, "id": state.id}
        for state in fee.members
        if state.object == "fee_refund" and state.is_known
    ]
    return sorted(refunds, key=lambda each: (each["created"] or 0, each["id"]))


def _amount_refunded(fee: Aggregate) -> int:
    # It only grows: whichever was heard of last, the greater is the newer.
    refunded = sum(each["amount"] or 0 for each in _refunds(fee))
    return max(fee.values.get("amount_refunded") or 0, refunded)


def _is_refunded(fee: Aggregate) -> bool:
    return 0 < (fee.values.get("amount") or 0) <= _amount_refunded(fee)


_FIELDS = (
    Field("amount", Type.INTEGER, "Amount earned, in the minor unit.", at("amount")),
    Field(
        "amount_refunded", Type.INTEGER, "How much of it was given back.",
        derive=_amount_refunded, nullable=False,
    ),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field(
        "refunded", Type.BOOLEAN, "Whether all of it was given back.",
        derive=_is_refunded, nullable=False,
    ),
    Field("charge", Type.ID, "The charge it was taken of.", at("charge")),
    # `account` is of every row the account whose event it is: here the platform's.
    Field(
        "connected_account", Type.ID, "The connected account that pays it.", at("account")
    ),
    Field("application", Type.ID, "The application that earned it.", at("application")),
    Field(
        "originating_transaction", Type.ID,
        "The platform's own charge, where the money went on from there.",
        at("originating_transaction"),
    ),
    Field(
        "balance_transaction", Type.ID, "The balance transaction that brought it.",
        at("balance_transaction"),
    ),
    Field("fee_source", Type.CODE, "What it was taken of: `charge` or `payout`.",
          at("fee_source.type")),
    Field("payout", Type.ID, "The payout it was taken of, where it is one.",
          at("fee_source.payout")),
    Field(
        "refunds", Type.LIST, "What was given back of it, oldest first.",
        derive=_refunds, items=_REFUND, nullable=False,
    ),
)  # fmt: skip

APPLICATION_FEE = StripeObject(
    "application_fee",
    event_types=("application_fee.created", "application_fee.refunded"),
    reads=(*reads_of(*_FIELDS), Read("amount_refunded", Type.INTEGER, at("amount_refunded"))),
    progress=(integer("amount_refunded"),),
    type_order=("created", "refunded"),
    links=(Link("fee_refund", at("refunds.data")),),
    embeds=(Embed("fee_refund", "refunds.data"),),
)

FEE_REFUND = StripeObject(
    "fee_refund",
    event_types=("application_fee.refund.updated",),
    # Only each fee lists its own, and shows them.
    listing=None,
    reads=reads_of(*_REFUND),
    type_order=("updated",),
    links=(Link("application_fee", at("fee")),),
)

KIND = Kind(
    name="application_fees",
    object="application_fee",
    about="What a platform earns of its accounts' charges.",
    members=(APPLICATION_FEE, FEE_REFUND),
    joins=frozenset({"application_fee", "fee_refund"}),
    aggregates=_application_fees,
    conditions=(
        Condition("partially_refunded", "A part of it was given back.",
                  lambda fee: _amount_refunded(fee) > 0 and not _is_refunded(fee)),
        Condition("refunded", "All of it was given back.", _is_refunded),
    ),
    fields=_FIELDS,
)  # fmt: skip
