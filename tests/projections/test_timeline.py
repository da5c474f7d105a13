"""Timelines: what happened to a row, event by event, and whether the ledger heard it late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.simulator import API_VERSIONS, STORIES, story
from ledger import UnknownCursor
from projections import KINDS, NotFound, Page, RowSelector
from projections.objects.state import fold
from projections.rows.make import make_rows
from tests.projections.cases import CASES, changed
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store, shuffled
from tests.projections.money_cases import MONEY_CASES

# Told by other objects' events, which stand in no timeline but their own.
LENT = {
    "orders": {"invoice", "invoices", "early_fraud_warning"},
    "subscriptions": {"latest_invoice_status", "checkout_session", "client_reference_id"},
    "invoices": {"order", "orders", "payments"},
    "early_fraud_warnings": {"order"},
    "refunds": {"order"},
    "disputes": {"order"},
}
ENVELOPE = {"object", "id", "account", "livemode", "created", "updated", "position", "events",
            "stale"}  # fmt: skip


def timelines(store: Store) -> Iterator[tuple[str, Json, list[Json]]]:
    """Every row of every kind with its timeline."""
    for kind, rows in store.living().items():
        for (account, livemode, id), row in rows.items():
            selector = RowSelector(account=account or "self", livemode=livemode)
            yield kind, row, store.projections.timeline(kind, id, selector).items


def shuffled_stories(store: Store) -> None:
    stories = [story(name, index=n, api_version=API_VERSIONS) for n, name in enumerate(STORIES)]
    store.deliver(
        shuffled([event for each_story in stories for event in each_story.events], seed=8)
    )


def test_changes_applied_one_after_another_give_the_row(opened: Opened) -> None:
    """Each entry goes on from the values before it, and the last one leaves the row as it is."""
    with opened("sqlite") as store:
        shuffled_stories(store)
        for kind, row, entries in timelines(store):
            value: Json = {}
            for entry in entries:
                for name, (before, after) in entry["changes"].items():
                    if name not in LENT.get(kind, ()):
                        assert value.get(name) == before, (kind, row["id"], name)
                    value[name] = after
            for name in row.keys() - ENVELOPE - LENT.get(kind, set()):
                assert value.get(name) == row[name], (kind, row["id"], name)


def test_entries_are_the_rows_own_events_oldest_first(opened: Opened) -> None:
    """As many as the row counts, up to its newest second and position, none named twice."""
    with opened("sqlite") as store:
        shuffled_stories(store)
        for kind, row, entries in timelines(store):
            assert len(entries) == row["events"] == len({entry["event"] for entry in entries})
            created = [entry["created"] for entry in entries]
            assert created == sorted(created), (kind, row["id"])
            assert created[-1] == row["updated"]
            assert max(entry["position"] for entry in entries) == row["position"]


def test_late_is_what_was_created_before_what_was_known(opened: Opened) -> None:
    """An entry is late if an own event with a greater `created` has a smaller position."""
    with opened("sqlite") as store:
        shuffled_stories(store)
        lates = []
        for _, _, entries in timelines(store):
            for entry in entries:
                known = [other for other in entries if other["position"] < entry["position"]]
                late = any(other["created"] > entry["created"] for other in known)
                assert entry["late"] == late
                lates.append(late)

        assert True in lates and False in lates


@pytest.mark.parametrize("version", ["2020-08-27", API_VERSIONS[-1]])
@pytest.mark.parametrize("name", ["twins", "twin_subscription_updates"])
def test_twins_leave_one_change(opened: Opened, name: str, version: str) -> None:
    """Of two Event objects for one change, the second changes nothing."""
    each_story = story(name, api_version=version)
    with opened("sqlite") as store:
        store.deliver(shuffled(each_story.events, seed=2))
        (_, row, entries), *_ = (
            line for line in timelines(store) if line[0] in ("orders", "subscriptions")
        )
        changes = [(entry["type"], entry["changes"]) for entry in entries]
        by_type = {type for type, _ in changes}

        # One event of each type changed the row, at the most: its twin left no mark.
        for type in by_type & {"payment_intent.succeeded", "customer.subscription.updated"}:
            assert sum(bool(change) for of, change in changes if of == type) == 1
        assert row["events"] == len(entries) == len(each_story.events)


@pytest.mark.parametrize("name", [name for name in CASES if "in one second" in name])
def test_entries_of_one_second_stand_in_the_order_in_which_they_happened(
    store: Store, name: str
) -> None:
    """The canonical order is the timeline's: backwards delivery, forwards told."""
    case = CASES[name]
    store.deliver(list(case.events[::-1]))
    ((_, _, entries),) = (line for line in timelines(store) if line[0] == case.kind)

    assert [entry["event"] for entry in entries] == [event["id"] for event in case.events]


def test_a_row_that_is_gone_has_no_timeline_of_its_own(store: Store) -> None:
    """A charge that disappeared into its PaymentIntent's order shows that order's timeline."""
    each_story = story("charge_that_names_no_intent", api_version="2024-06-20")
    store.deliver(each_story.events)
    (order,) = (row for row in store.items("orders"))
    charge = order["charge"]

    assert charge is not None and charge != order["id"]
    by_order = store.projections.timeline("orders", order["id"]).items
    assert store.projections.timeline("orders", charge).items == by_order
    assert any(entry["type"].startswith("charge.") for entry in by_order)
    with pytest.raises(NotFound):
        store.projections.timeline("orders", "pi_nobody")


def test_every_kind_has_a_timeline(store: Store) -> None:
    """All kinds answer, lent facts standing in the row without an entry of their own."""
    shuffled_stories(store)

    assert {kind for kind, _, entries in timelines(store) if entries} == set(KINDS)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_are_parts_of_the_whole(store: Store, limit: int) -> None:
    """Forwards and backwards, the pages of a timeline are its entries, with the same changes."""
    case = MONEY_CASES["a part captured when the rest was still a refund"]
    store.deliver(list(case.events[::-1]))
    ((_, row, entries),) = (line for line in timelines(store) if line[0] == case.kind)

    def walk(**first: str) -> Iterator[list[Json]]:
        page, more = Page(limit, **first), True
        while more:
            result = store.projections.timeline("orders", row["id"], RowSelector(), page)
            yield result.items
            more = result.has_more
            if page.is_backwards:
                page = Page(limit, ending_before=result.items[0]["event"])
            elif more:
                page = Page(limit, starting_after=result.items[-1]["event"])

    assert [entry for items in walk() for entry in items] == entries
    backwards = [*walk(ending_before=entries[-1]["event"])]
    assert [entry for items in backwards[::-1] for entry in items] == entries[:-1]
    with pytest.raises(UnknownCursor):
        store.projections.timeline("orders", row["id"], page=Page(starting_after="evt_nobody"))


def test_a_page_projects_its_own_rows_only(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeline of hundreds of events takes one step for each, and a row for each of a page."""
    folded, projected = list[int](), list[int]()

    def counted(function: Callable[..., Any], calls: list[int]) -> Callable[..., Any]:
        def call(argument: Any, *rest: Any, **named: Any) -> Any:
            calls.append(len(argument) if isinstance(argument, list) else 1)
            return function(argument, *rest, **named)

        return call

    with opened("sqlite") as store:
        store.deliver(changed(100 + n // 2, "active", quantity=n) for n in range(300))
        monkeypatch.setattr("projections.rows.steps.fold", counted(fold, folded))
        monkeypatch.setattr("projections.queries.history.make_rows", counted(make_rows, projected))
        result = store.projections.timeline("subscriptions", "sub_1", page=Page(1))

    assert (len(result.items), result.has_more) == (1, True)
    assert sum(folded) <= 2 * 300
    assert len(projected) <= 2


def test_a_field_has_one_event_that_set_it(opened: Opened) -> None:
    """Of every field of every story: the last event that changed it, to the value that it has."""
    with opened("sqlite") as store:
        shuffled_stories(store)
        for kind, row, entries in timelines(store):
            selector = RowSelector(account=row["account"] or "self", livemode=row["livemode"])
            sources = store.projections.sources(kind, row["id"], selector).items
            assert {source["id"] for source in sources} == row.keys() - ENVELOPE
            value: Json = {}
            setters: dict[str, Json] = {}
            for entry in entries:
                for name, (_, after) in entry["changes"].items():
                    if name in LENT.get(kind, ()) or value.get(name) != after:
                        setters[name] = entry
                    value[name] = after
            for source in sources:
                name = source["id"]
                # What another object lent last, no event of its own has set.
                is_its_own = name in setters and value[name] == row[name]
                expected = setters[name]["event"] if is_its_own else None
                assert source["event"] == expected, (kind, row["id"], name)
                assert is_its_own or row[name] is None or name in LENT[kind]
