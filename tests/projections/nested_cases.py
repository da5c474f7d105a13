"""Small histories that only nested before-images order, or in which a terminal status was left."""

from __future__ import annotations

from typing import Any

from tests.projections.cases import Case, changed, event, invoice, is_, make_case, sub
from tests.projections.histories import Json


def account(due: list[str], **more: Any) -> Json:
    requirements = {"currently_due": due, "past_due": []}
    return {"id": "acct_1", "object": "account", "created": 1, "requirements": requirements,
            **more}  # fmt: skip


def updated(due: list[str], previous: Json | None, **more: Any) -> Json:
    return event("account.updated", 200, account(due, **more), previous)


def due(*names: str) -> Json:
    return {"requirements": {"currently_due": list(names)}}


def items(*seats: int, price: str = "price_1") -> Json:
    data = [
        {"id": f"si_{index}", "quantity": quantity, "price": {"id": price, "unit_amount": 100}}
        for index, quantity in enumerate(seats)
    ]
    return {"object": "list", "data": data}


class Each:
    """Equals a list of objects that have these values under a key."""

    def __init__(self, key: str, *values: Any) -> None:
        self.key, self.values = key, list(values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and [item[self.key] for item in other] == self.values


def has_seats(*quantities: int) -> Json:
    return {"items": Each("quantity", *quantities)}


def has_price(price: str) -> Json:
    return {"items": Each("price", price)}


def with_items(previous: Json, current: Json, **more: Any) -> Json:
    return changed(200, "active", {"items": previous}, items=current, **more)


_STARTED = (
    event("customer.subscription.created", 100, sub("active", metadata={}, pause_collection=None)),
    is_("active"),
)
_PAID = invoice("paid", 2, 100)
_OPEN = invoice("open", 1, 0)
_REOPENED = {"status": "paid", "amount_paid": 100, "status_transitions": {"paid_at": 300}}

_BECAME_PAID = {"status": "open", "amount_paid": 0, "status_transitions": {"paid_at": None}}


def reopened(created: int, **more: Any) -> Json:
    return event("invoice.updated", created, {**_OPEN, **more}, _REOPENED)


NESTED_CASES: dict[str, Case] = {
    "requirements that are due, then not, in one second": make_case(
        "accounts",
        (updated(["a", "b"], due("a")), {"currently_due": ["a", "b"]}),
        (updated(["b"], due("a", "b")), {"currently_due": ["b"]}),
        (updated([], due("b")), {"currently_due": []}),
    ),
    "a requirement emptied, then metadata added, in one second": make_case(
        "accounts",
        (updated([], due("a"), metadata={}), {"currently_due": []}),
        (updated([], {"metadata": {"k": None}}, metadata={"k": "v"}),
         {"currently_due": [], "metadata": {"k": "v"}}),
    ),
    "metadata added, changed and removed in one second": make_case(
        "subscriptions",
        _STARTED,
        (changed(200, "active", {"metadata": {"k": None}}, metadata={"k": "1"}),
         {"metadata": {"k": "1"}}),
        (changed(200, "active", {"metadata": {"k": "1"}}, metadata={"k": "2"}),
         {"metadata": {"k": "2"}}),
        (changed(200, "active", {"metadata": {"k": "2"}}, metadata={}), {"metadata": {}}),
    ),
    "a price swapped and swapped back in one second": make_case(
        "subscriptions",
        (event("customer.subscription.created", 100, sub("active", items=items(1))),
         has_price("price_1")),
        (with_items(items(1), items(1, price="price_2")), has_price("price_2")),
        (with_items(items(1, price="price_2"), items(1)), has_price("price_1")),
        (with_items(items(1), items(1, price="price_3")), has_price("price_3")),
    ),
    "seats of one of two items in one second": make_case(
        "subscriptions",
        (with_items(items(1, 1), items(2, 1)), has_seats(2, 1)),
        (with_items(items(2, 1), items(3, 1)), has_seats(3, 1)),
        (with_items(items(3, 1), items(3, 2)), has_seats(3, 2)),
    ),
    "an item added and taken away in one second": make_case(
        "subscriptions",
        (event("customer.subscription.created", 100, sub("active", items=items(1))), has_seats(1)),
        (with_items(items(1), items(1, 1)), has_seats(1, 1)),
        (with_items(items(1, 1), items(1)), has_seats(1)),
    ),
    "paused and resumed in one second": make_case(
        "subscriptions",
        _STARTED,
        (changed(200, "active", {"pause_collection": None}, pause_collection={"behavior": "void"}),
         {"pause_collection": "void"}),
        (changed(200, "active", {"pause_collection": {"behavior": "void"}}, pause_collection=None),
         {"pause_collection": None}),
    ),
    "a scalar outweighs what is nested": make_case(
        "subscriptions",
        _STARTED,
        (changed(200, "past_due", {"status": "active"}, metadata={"a": "1", "b": "1", "c": "1"}),
         is_("past_due")),
        (changed(200, "active", {"status": "past_due", "metadata": {"a": "2", "b": "2"}},
                 metadata={"a": "1", "b": "1", "c": "1"}), is_("active")),
    ),
    "a paid invoice opened again": make_case(
        "invoices",
        (event("invoice.paid", 300, _PAID), is_("paid", amount_paid=100)),
        (event("invoice.updated", 350, {**_OPEN, "number": "stale"}), is_("paid", number="stale")),
        (reopened(400, number="A"), is_("open", amount_paid=0, number="A")),
        (event("invoice.updated", 500, {**_OPEN, "number": "B"}), is_("open", number="B")),
    ),
    "paid, opened again and changed in one second": make_case(
        "invoices",
        (event("invoice.paid", 300, _PAID), is_("paid")),
        (reopened(300), is_("open", amount_paid=0)),
        (event("invoice.updated", 300, {**_OPEN, "number": "A"}, {"number": None}),
         is_("open", number="A")),
    ),
    "paid, opened again and paid in one second": make_case(
        "invoices",
        (event("invoice.finalized", 200, _OPEN), is_("open")),
        (event("invoice.updated", 300, _PAID, _BECAME_PAID), is_("paid")),
        (reopened(300), is_("open", amount_paid=0)),
        (event("invoice.updated", 300, _PAID, _BECAME_PAID), is_("paid", amount_paid=100)),
        (event("invoice.paid", 300, _PAID), is_("paid", amount_paid=100)),
    ),
}  # fmt: skip
