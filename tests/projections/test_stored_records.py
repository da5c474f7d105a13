"""Snapshot records in stores: followed, rebuilt, looked back at and handed out like events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator import STORIES
from ledger import SNAPSHOT, Snapshot
from projections import KINDS, RowSelector
from tests.projections.cases import charge, event, payout, thin
from tests.projections.conftest import Opened
from tests.projections.feed_reference import reference
from tests.projections.histories import Json, Store, entries, rows, scoped, unique, without
from tests.projections.laws import DIALECTS, any_delivery, law
from tests.projections.records import VERSIONS, Answers, record
from tests.projections.test_any_delivery import lives_alike
from tests.projections.test_feed import batches, compared, followed, opened_feed

DAY = 86_400


@st.composite
def a_log(draw: st.DrawFn, most: int = 12) -> list[Json | Snapshot]:
    """The events of a story and some of what could be asked meanwhile, in order of time."""
    answers = Answers.of(draw(st.sampled_from(sorted(STORIES))), draw(st.sampled_from(VERSIONS)))
    possible = answers.all()
    some = draw(st.lists(st.sampled_from(possible), max_size=most)) if possible else []
    log: list[Json | Snapshot] = [*answers.story.events, *unique(some)]
    return sorted(
        log, key=lambda each: each.observed_at if isinstance(each, Snapshot) else each["created"]
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_any_delivery_with_records_gives_the_same(opened: Opened, dialect: str) -> None:
    """Rows, timelines, checks, rebuilds: whatever the batches and crashes."""

    @law(3 if dialect == "sqlite" else 1)
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        log = data.draw(a_log())
        lives_alike(opened, dialect, log, data.draw(any_delivery(log, list(KINDS))))

    holds()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_feed_with_records_is_what_its_definition_gives(opened: Opened, dialect: str) -> None:
    """A record may show that something rose, like an event; in any order and any batches."""

    @law(6 if dialect == "sqlite" else 2)
    @given(data=st.data(), sizes=batches)
    def holds(data: st.DataObject, sizes: list[int]) -> None:
        log = data.draw(st.permutations(data.draw(a_log(most=5))))
        with opened(dialect) as store, opened_feed(store) as feed:
            store.append(log)
            notifications = followed(feed, sizes)

            assert compared(notifications) == reference(entries(log))
            assert list(feed.check()) == []
            feed.rebuild(batch=50)
            assert feed.after(0, 10_000) == notifications

    holds()


def test_looking_back(store: Store) -> None:
    """As of any second, and at any position, a row is that of the events and records by then."""
    answers = Answers.of("dispute_won_on_appeal", VERSIONS[-1])
    log: list[Json | Snapshot] = [*answers.story.events, *answers.all()]
    store.deliver(log)
    entered = entries(log)
    for kind in ("orders", "disputes"):
        [row] = store.items(kind)
        for second in answers.story.seconds():
            by_then = [each for each, entry in zip(log, entered, strict=True)
                       if entry.created <= second]  # fmt: skip
            past = rows(by_then)[kind].get(scoped(row))
            if past is not None:
                found_row = store.projections.get(kind, row["id"], RowSelector(as_of=second)).row
                assert without(found_row, ("position",)) == past
        for position in range(2, len(log), 7):
            past = rows(log[:position])[kind].get(scoped(row))
            if past is not None:
                selector = RowSelector(at_position=position)
                assert (
                    without(store.projections.get(kind, row["id"], selector).row, ("position",))
                    == past
                )


def test_a_timeline_names_it(store: Store) -> None:
    """With its id, its type and what it changed; and it carries a snapshot, unlike a thin event."""
    snapshot = record(payout("in_transit"), 200)
    store.deliver([event("payout.created", 100, payout("pending")), snapshot, thin(1)])
    _, changed = store.projections.timeline("payouts", "po_1").items
    [row] = store.items("payouts")

    assert (changed["event"], changed["type"], changed["created"]) == (snapshot.id, SNAPSHOT, 200)
    assert changed["changes"] == {"status": ["pending", "in_transit"]}
    assert (row["events"], row["updated"], row["position"]) == (2, 200, 2)
    assert {state.without_snapshot for state in store.projections.states()} == {1}
    assert store.projections.snapshot("payouts", "po_1") == payout("in_transit")


def test_one_that_cannot_be_read_is_a_dead_letter(store: Store) -> None:
    """It hurts its row, names its id, and the row can be folded again."""
    good, bad = record(payout("paid"), 200), record(payout("paid", amount="much"), 300)
    store.deliver([event("payout.created", 100, payout("pending")), good, bad])
    [letter] = store.projections.dead_letters().items
    [row] = store.items("payouts")

    assert (letter["event"], row["status"], row["stale"]) == (bad.id, "paid", True)
    assert store.projections.refold("payouts", "po_1") is True
    assert store.items("payouts") == [row]


@pytest.mark.parametrize(("cause", "is_history"), [(None, True), ("evt_thin1", False)])
def test_what_was_asked_for_without_cause_is_history(
    store: Store, cause: str | None, is_history: bool
) -> None:
    """What a record shows rises like anything else; whether it is news its cause decides."""
    snapshot = record(charge(), 100, cause=cause)
    store.ledger.record([snapshot], received_at=110_000_000)
    with opened_feed(store) as feed:
        [paid] = [each for each in followed(feed, [5]) if each.type == "order.paid"]

    assert (paid.cause.event, paid.cause.type) == (snapshot.id, SNAPSHOT)
    assert paid.is_history(DAY) is is_history
    assert paid.is_history(5) is True
