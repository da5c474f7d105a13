"""Prices: what a product costs. A plan is a price of older days, and shares its id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from projections.objects.declaration import Link, Listing, Read, StripeObject
from projections.objects.deletion import DELETED, deletion
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.aggregate import Aggregate, Component
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "PLAN", "PRICE"]


class _PriceAggregate(Aggregate):
    """A price, and the plan of the same id: Stripe sends events of both for either."""

    @property
    def values(self) -> dict[str, Any]:
        """The price's values; what only the plan has said is the plan's."""
        newest_last = sorted(self.members, key=lambda state: state.object == "price")
        values = {name: value for state in newest_last for name, value in state.values.items()}
        # Neither is undone: a deletion that only one of them was heard of is one of both.
        return {**values, "deleted": any(state.values.get("deleted") for state in self.members)}


def _prices(component: Component) -> Iterator[Aggregate]:
    plans = {state.id: state for state in component.all("plan")}
    prices = {state.id: state for state in component.all("price")}
    for id in prices | plans:
        members = [states[id] for states in (prices, plans) if id in states]
        yield _PriceAggregate(id=id, component=component, root=members[0], members=members)


def _plan(values: dict[str, Any], type: str, created: int) -> None:
    deletion(values, type, created)
    # Only prices may be paid once; a plan has no word for it.
    values["type"] = "recurring"


_FIELDS = (
    Field("product", Type.ID, "What it is the price of.", at("product")),
    Field("active", Type.BOOLEAN, "Whether it can be used for new purchases.", at("active")),
    Field(
        "unit_amount", Type.INTEGER, "What one unit costs, in the minor unit.", at("unit_amount")
    ),
    Field(
        "unit_amount_decimal", Type.TEXT, "The same with up to twelve decimal places, as a text.",
        at("unit_amount_decimal"),
    ),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("type", Type.CODE, "`one_time` or `recurring`.", at("type")),
    Field(
        "interval", Type.CODE, "How often it is billed: day, week, month or year.",
        at("recurring.interval"),
    ),
    Field(
        "interval_count", Type.INTEGER, "How many intervals from one billing to the next.",
        at("recurring.interval_count"),
    ),
    Field("usage_type", Type.CODE, "`licensed` or `metered`.", at("recurring.usage_type")),
    Field("billing_scheme", Type.CODE, "`per_unit` or `tiered`.", at("billing_scheme")),
    Field("meter", Type.ID, "The meter that counts its usage.", at("recurring.meter")),
    Field("nickname", Type.TEXT, "What the merchant calls it.", at("nickname")),
    Field(
        "lookup_key", Type.CODE, "The merchant's own key, by which it is looked up.",
        at("lookup_key"),
    ),
    Field("deleted", Type.BOOLEAN, "Whether it was deleted.", at("deleted")),
)  # fmt: skip

PRICE = StripeObject(
    "price",
    event_types=("price.*",),
    # Unless it is asked for, a list may leave out those that are not active.
    listing=Listing(({"active": "true"}, {"active": "false"})),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({DELETED}),
    type_order=("created", "updated", "deleted"),
    from_event_type=deletion,
)

PLAN = StripeObject(
    "plan",
    event_types=("plan.*",),
    reads=(
        Read("product", Type.ID, at("product")),
        Read("active", Type.BOOLEAN, at("active")),
        Read("unit_amount", Type.INTEGER, at("amount")),
        Read("unit_amount_decimal", Type.TEXT, at("amount_decimal")),
        Read("currency", Type.CODE, at("currency"), lower),
        Read("interval", Type.CODE, at("interval")),
        Read("interval_count", Type.INTEGER, at("interval_count")),
        Read("usage_type", Type.CODE, at("usage_type")),
        Read("billing_scheme", Type.CODE, at("billing_scheme")),
        Read("meter", Type.ID, at("meter")),
        # Until 2018-02-05 a plan was its own product, with a name.
        Read("nickname", Type.TEXT, at("nickname", "name")),
        Read("deleted", Type.BOOLEAN, at("deleted")),
    ),
    terminal=frozenset({DELETED}),
    type_order=("created", "updated", "deleted"),
    # Both have one id: so the two meet, whichever was heard of first.
    links=(Link("price", at("id")),),
    from_event_type=_plan,
)

KIND = Kind(
    name="prices",
    object="price",
    about="What products cost; plans are prices.",
    members=(PRICE, PLAN),
    joins=frozenset({"price", "plan"}),
    aggregates=_prices,
    fields=_FIELDS,
)
