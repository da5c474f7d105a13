"""What the database refuses is a dead letter of its row: all else is written, and nothing waits."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pytest
from sqlalchemy import insert

from ledger.database import write_transaction
from projections import KINDS, Page
from projections.objects import types
from projections.objects.observation import Key, Scope
from projections.rows.change import row_key
from projections.tables.letters import REFUSED
from tests.projections.cases import charge, event, intent, payout
from tests.projections.histories import Json, Store, differing, rows
from tests.projections.payouts import paid, table_of
from tests.projections.refusing import EVERY, SECRET, Refusal, refusing

pytestmark = pytest.mark.filterwarnings("ignore:.* cannot be stored")

# A charge that stood alone and a PaymentIntent become one order: objects move, a row goes.
BEFORE = [
    event("charge.succeeded", 100, charge(metadata={"cart": "A1"})),
    event("payment_intent.created", 101, intent("processing", metadata={"cart": "A2"})),
    event("charge.succeeded", 102, charge(id="ch_other", amount="much")),
]
LINKED = event(
    "payment_intent.succeeded",
    200,
    intent("succeeded", latest_charge="ch_1", metadata={"cart": "A3"}),
)
STRANGERS = [
    event("charge.succeeded", 201, charge(id="ch_other")),
    event("charge.succeeded", 202, charge(id="ch_new")),
    event("payout.paid", 203, payout("paid")),
]
NEXT = event(
    "charge.refunded",
    300,
    charge(payment_intent="pi_1", amount_refunded=100, metadata={"cart": "A1"}),
)
IDS = ("ch_1", "pi_1")

SEVERAL = [
    (Refusal("rows", "INSERT"), Refusal("dead_letters", "INSERT")),
    (Refusal("rows", "INSERT"), Refusal("rows", "UPDATE")),
    (Refusal("components", "INSERT"), Refusal("components", "UPDATE")),
    tuple(EVERY),
]
FAULTS: list[tuple[Refusal, ...]] = [*((each,) for each in EVERY), *SEVERAL]
NO_LETTERS = Refusal("dead_letters", "INSERT")
NO_UPDATE = Refusal("rows", "UPDATE")


def shown(refusals: Sequence[Refusal]) -> str:
    return "everything" if len(refusals) == len(EVERY) else ", ".join(map(str, refusals))


def letters(store: Store) -> list[Json]:
    """The dead letters of orders that were refused."""
    items = store.projections.dead_letters(kind="orders", page=Page(limit=100)).items
    return [letter for letter in items if letter["error"].startswith(REFUSED)]


def others(result: dict[str, dict[Any, Json]]) -> dict[str, dict[Any, Json]]:
    """All rows but the orders that are refused."""
    return {
        kind: {key: row for key, row in items.items() if kind != "orders" or key[2] not in IDS}
        for kind, items in result.items()
    }


def assert_only_those_hurt(store: Store, events: list[Json], refusals: Sequence[Refusal]) -> None:
    """All other rows are right, every kind has read all, and what is missing is named."""
    assert differing(others(store.rows()), others(rows(events))) == []
    head = store.ledger.log.head().position
    assert {state.position for state in store.projections.states()} == {head}
    result = letters(store)
    orders = {row["id"]: row for row in store.items("orders")}
    if NO_LETTERS not in refusals:
        whole = rows(events)["orders"]
        assert differing({"orders": store.rows()["orders"]}, {"orders": whole}) == [] or result
        assert store.projections.check(["orders"]) == []
    for letter in result:
        assert letter["id"] in IDS
        assert (letter["account"], letter["livemode"]) == (None, False)
        assert letter["position"] <= head
        assert SECRET not in letter["error"]
        if NO_UPDATE not in refusals and letter["id"] in orders:
            assert orders[letter["id"]]["stale"] is True


def assert_mended(store: Store, events: list[Json]) -> None:
    """Every row is what its events say, and no refusal is left."""
    assert differing(store.rows(), rows(events)) == []
    assert letters(store) == []
    hits = [hit["id"] for hit in store.projections.search("A3").items]
    assert hits == [row["id"] for row in store.items("orders") if row["metadata"] == {"cart": "A3"}]
    assert store.projections.check(["orders"]) == []


@pytest.mark.parametrize(
    ("refusals", "mend"),
    [
        pytest.param(refusals, mend, id=f"{shown(refusals)}-{mend}")
        for refusals, mend in zip(FAULTS, cycle(["next event", "refold"]), strict=False)
    ],
)
def test_a_row_that_stood_is_stale(store: Store, refusals: Sequence[Refusal], mend: str) -> None:
    """Whichever statement fails for one component: the rest goes on, and a mend makes it whole."""
    store.deliver(BEFORE)
    events = [*BEFORE, LINKED, *STRANGERS]
    with refusing(store.projections, "orders", refusals, *IDS):
        store.deliver([LINKED, *STRANGERS])
        assert_only_those_hurt(store, events, refusals)
        assert store.projections.refold("orders", "pi_1") is True
        assert_only_those_hurt(store, events, refusals)

    mended(store, mend, events, refusals)


@pytest.mark.parametrize(
    "refusals",
    [each for each in FAULTS if any(refusal.operation == "INSERT" for refusal in each)],
    ids=shown,
)
def test_a_row_that_is_new_is_missing(store: Store, refusals: Sequence[Refusal]) -> None:
    """Nothing of it was stored before: there is no row but a dead letter, in every later batch."""
    events = [*BEFORE, LINKED, *STRANGERS]
    with refusing(store.projections, "orders", refusals, *IDS):
        for part in ([*BEFORE, LINKED], STRANGERS):
            store.deliver(part)
        assert_only_those_hurt(store, events, refusals)

    mended(store, "next event", events, refusals)


def mended(store: Store, mend: str, events: list[Json], refusals: Sequence[Refusal]) -> None:
    """Once nothing is refused any more, the next event or folding again makes the row whole."""
    if mend == "next event":
        events = [*events, NEXT]
        store.deliver([NEXT])
    if mend == "refold" or (NO_LETTERS in refusals and len(refusals) > 1):
        # Of what could not be written down at all, only the log knows.
        store.projections.refold("orders", "pi_1")
    assert_mended(store, events)


@pytest.mark.parametrize("refusals", FAULTS, ids=shown)
def test_a_rebuild_goes_on_too(store: Store, refusals: Sequence[Refusal]) -> None:
    """The new table cuts over without the row, and following it goes on."""
    events = [*BEFORE, LINKED, *STRANGERS]
    store.deliver(events)
    with refusing(store.projections, "orders", refusals, *IDS):
        store.projections.rebuild(["orders"])
        assert_only_those_hurt(store, events, refusals)
        store.deliver([NEXT])
        assert_only_those_hurt(store, [*events, NEXT], refusals)

    store.projections.rebuild(["orders"])
    assert_mended(store, [*events, NEXT])


def test_bulk_finds_it_among_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand rows in one batch all are written but those that are refused."""
    monkeypatch.setattr("projections.drivers.follow._BACKLOG", 500)
    refused = ("po_00003", "po_00500", "po_00501")
    with refusing(store.projections, "payouts", [Refusal("rows", "INSERT")], *refused):
        store.deliver(paid(number) for number in range(1000))

        ids = {row["id"] for row in store.items("payouts")}
        assert ids == {f"po_{number:05}" for number in range(1000)} - {*refused}
        result = store.projections.dead_letters(page=Page(limit=100)).items
        assert [letter["id"] for letter in result] == sorted(refused, reverse=True)
        assert store.projections.check() == []


def test_a_row_in_its_way_is_named(store: Store) -> None:
    """A stranger's row under a new one's key: a dead letter names the constraint; the next event
    of the object, whose key it is, puts its own row there."""
    catalog, kind = store.projections.catalog, KINDS["payouts"]
    table = catalog.tables(kind, table_of(store.projections)).rows
    key = row_key(kind, Key(Scope(None, False), "payout", "po_1"))
    stranger = {"row_key": key, "object": "payout", "id": "po_stranger", "livemode": False,
                "created": 1, "updated": 1, "position": 1, "events": 1, "stale": False}  # fmt: skip
    with write_transaction(catalog.engine) as connection:
        connection.execute(insert(table).values(**stranger))

    store.deliver([event("payout.pending", 100, payout("pending")), paid(1)])
    assert {row["id"] for row in store.items("payouts")} == {"po_stranger", "po_00001"}
    (letter,) = store.projections.dead_letters().items
    assert letter["id"] == "po_1"
    assert letter["error"].startswith(f"{REFUSED}")
    assert table.name in letter["error"]

    store.deliver([event("payout.paid", 101, payout("paid"))])
    assert {row["id"] for row in store.items("payouts")} == {"po_1", "po_00001"}
    assert store.projections.dead_letters().items == []


@pytest.mark.parametrize("digits", [2**63, 2**65], ids=["in its row", "in its states"])
def test_a_value_that_no_driver_sends(
    store: Store, monkeypatch: pytest.MonkeyPatch, digits: int
) -> None:
    """Should a number get through that is too great, it hurts its row alone, also in a rebuild."""
    monkeypatch.setattr(types, "_INT64", range(2**80))
    events = [event("payout.paid", 100, payout("paid", amount=digits)), paid(1)]
    store.deliver(events)
    for _ in range(2):
        assert [row["id"] for row in store.items("payouts")] == ["po_00001"]
        (letter,) = store.projections.dead_letters().items
        assert (letter["id"], letter["event"]) == ("po_1", events[0]["id"])
        assert str(digits) not in letter["error"]
        assert store.projections.check() == []
        store.projections.rebuild(["payouts"])

    store.deliver([event("payout.failed", 200, payout("failed", amount=5))])
    stale = {row["id"]: row["stale"] for row in store.items("payouts")}
    assert stale == {"po_00001": False, "po_1": False}
    assert store.projections.dead_letters().items == []


def test_a_text_too_long_for_an_index(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL has a limit for what it indexes: the row stays as it was, and is stale."""
    monkeypatch.setattr(types, "CODE_CHARACTERS_MAX", 10**6)
    long = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=20_000))
    store.deliver([event("charge.succeeded", 100, charge(customer="cus_1"))])
    store.deliver([event("charge.updated", 200, charge(customer=long)), STRANGERS[0], STRANGERS[2]])

    orders = {row["id"]: row for row in store.items("orders")}
    assert orders["ch_other"]["stale"] is False
    assert [row["id"] for row in store.items("payouts")] == ["po_1"]
    if store.projections.catalog.schema is not None:
        assert (orders["ch_1"]["customer"], orders["ch_1"]["stale"]) == ("cus_1", True)
        assert [letter["error"] for letter in letters(store)] == [f"{REFUSED}ProgramLimitExceeded"]
    assert store.projections.check(["orders"]) == []


def test_a_warning_names_the_row_and_no_value(store: Store) -> None:
    """The log says which row is refused, and why; neither statement nor parameters."""
    with (
        refusing(store.projections, "payouts", [Refusal("rows", "INSERT")], "po_1"),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        store.deliver([event("payout.paid", 100, payout("paid", description="private"))])

    (text,) = {str(warning.message) for warning in caught}
    assert text.startswith(f"payouts po_1: {REFUSED}")
    assert "private" not in text and SECRET not in text and "INSERT" not in text
