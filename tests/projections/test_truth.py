"""The past as it was: the rows of any second are those that were true in it."""

from __future__ import annotations

from random import Random

import pytest

from api.demo.comparison import differences
from api.simulator import API_VERSIONS, STORIES, Story, story
from projections import KINDS, NotFound, RowSelector
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Scoped, Store, entries, folded, shuffled, without

VERSIONS = ("2019-02-11", "2020-08-27", "2024-06-20", "2025-05-28.basil", API_VERSIONS[-1])

# The stories that merge, lend, vanish, repeat, go back on their word, or belong to somebody.
SAMPLE = (
    "access_given_taken_given",
    "authorised_then_partly_captured",
    "charge_that_names_no_intent",
    "dispute_won_on_appeal",
    "first_payment_in_one_second",
    "inquiry_that_escalates",
    "invoice_deleted",
    "live_order",
    "organisation_order",
    "payout_paid_then_failed",
    "refund_fails_and_is_repeated",
    "refund_of_an_unheard_charge",
    "session_before_its_intent",
    "three_changes_in_one_second",
    "trial_that_converts_and_lapses",
    "twins",
    "two_accounts",
    "undone_cancellation",
)

# And those of invoices, warnings, plans and capabilities that do so across kinds.
ACROSS = (
    "capability_turned_off",
    "captured_in_parts",
    "checkout_of_a_subscription",
    "early_fraud_warning_then_refund",
    "invoice_paid_by_a_charge",
    "invoice_paid_out_of_band",
    "invoice_reopened",
    "metered_price",
    "one_payment_for_two_invoices",
)


@pytest.mark.parametrize("version", [*VERSIONS, API_VERSIONS], ids=lambda v: str(v)[:10])
@pytest.mark.parametrize("name", STORIES)
def test_every_second_of_every_story_is_as_it_was(
    name: str, version: str | tuple[str, ...]
) -> None:
    """The fold of the events up to a second gives the truth of it, and no row beyond."""
    a_story = story(name, api_version=version)
    log = entries(shuffled(a_story.events, seed=1, duplicates=0))

    for second in a_story.seconds():
        result = {
            kind: {row["id"]: row for row in rows.values()}
            for kind, rows in folded(e for e in log if e.created <= second).items()
        }
        assert known(a_story, second, result) == []


@pytest.mark.parametrize(
    "name",
    [
        "authorised_then_partly_captured",
        "captured_in_parts",
        "captured_with_a_tip",
        "partly_captured_refund_fails",
        "partly_captured_refund_told_by_itself",
    ],
)
def test_captures_are_as_they_were_in_any_mix_of_versions(name: str) -> None:
    """Old shapes hide how much was captured: what others say of the charge or payment counts."""
    for index in range(24):
        a_story = story(name, index=index, api_version=API_VERSIONS)
        result = folded(entries(a_story.events))
        by_id = {kind: {row["id"]: row for row in rows.values()} for kind, rows in result.items()}

        assert known(a_story, a_story.seconds()[-1], by_id) == []


@pytest.mark.parametrize("name", KINDS)
def test_the_truth_knows_every_field(name: str) -> None:
    """There is no field that no story is compared in, but for what hangs on arrival."""
    rows = [row for each in STORIES for row in story(each).truth()[name].values()]

    assert rows
    assert {column.name for column in KINDS[name].columns} - set(rows[0]) == {"position"}


def known(a_story: Story, second: int, result: dict[str, dict[str, Json]]) -> list[str]:
    """Where rows are not the truth of a second, but for what hangs on arrival."""
    truth = {
        kind: {id: without(row, ("position",)) for id, row in rows.items()}
        for kind, rows in a_story.truth(second).items()
    }
    return [str(difference) for difference in differences(truth, result, only=True)]


def ever(a_story: Story) -> dict[str, set[str]]:
    """Every id that was ever a row's, also of those that disappeared into others."""
    truths = [a_story.truth(second) for second in a_story.seconds()]
    return {kind: {id for truth in truths for id in truth[kind]} for kind in KINDS}


def queried(store: Store, a_story: Story, second: int) -> dict[str, dict[str, Json]]:
    """The rows that the ids ever known had in a second; another id's row is no row of theirs."""
    result: dict[str, dict[str, Json]] = {}
    for kind, ids in ever(a_story).items():
        result[kind] = {}
        for id in ids:
            try:
                row = store.projections.get(kind, id, RowSelector(as_of=second)).row
            except NotFound:
                continue
            if row["id"] == id:
                result[kind][id] = row
    return result


@pytest.mark.parametrize(
    ("dialect", "version"),
    [("sqlite", API_VERSIONS), ("sqlite", "2020-08-27"), ("postgresql", API_VERSIONS)],
    ids=["sqlite-mixed", "sqlite-2020-08-27", "postgresql-mixed"],
)
def test_as_of_is_the_truth_of_the_second(
    opened: Opened, dialect: str, version: str | tuple[str, ...]
) -> None:
    """Stories delivered shuffled, in parts twice: as_of any of their seconds tells the truth."""
    names = SAMPLE + ACROSS
    stories = [story(name, index=n, api_version=version) for n, name in enumerate(names)]
    with opened(dialect) as store:
        store.deliver(shuffled([event for a_story in stories for event in a_story.events], seed=5))
        for a_story in stories:
            for second in [a_story.seconds()[0] - 1, *a_story.seconds()]:
                assert known(a_story, second, queried(store, a_story, second)) == []


def test_lists_hold_what_the_truth_knows(store: Store) -> None:
    """Every kind's list has exactly the ids of the truth: no row is missing, none is a phantom."""
    stories = [story(name, index=n, api_version=API_VERSIONS) for n, name in enumerate(STORIES)]
    store.deliver(shuffled([e for a_story in stories for e in a_story.events], seed=3))

    for kind in KINDS:
        truth = [id for a_story in stories for id in a_story.truth()[kind]]
        assert sorted(row["id"] for row in store.items(kind)) == sorted(truth)


@pytest.mark.parametrize(("dialect", "names"), [("sqlite", SAMPLE[:9]), ("postgresql", SAMPLE[:3])])
def test_at_position_is_what_the_live_row_was(
    opened: Opened, dialect: str, names: tuple[str, ...]
) -> None:
    """at_position=p is the row that the follower had made when it stood at p, in every field."""
    stories = [story(name, index=n, api_version=API_VERSIONS) for n, name in enumerate(names)]
    events = [event for a_story in stories for event in a_story.events]
    Random(9).shuffle(events)
    with opened(dialect) as store:
        lived = []
        for event in events:
            store.deliver([event])
            lived.append(store.living())
        everything = {(kind, key) for rows in lived for kind in rows for key in rows[kind]}
        for position, rows in enumerate(lived, start=1):
            for kind, key in everything:
                assert at_position(store, kind, key, position) == rows[kind].get(key)


def at_position(store: Store, kind: str, key: Scoped, position: int) -> Json | None:
    """The row of an id when the log ended at a position; None where another's row bore it."""
    account, livemode, id = key
    try:
        selector = RowSelector(account or "self", livemode, at_position=position)
        row: Json = store.projections.get(kind, id, selector).row
    except NotFound:
        return None
    return row if row["id"] == id else None
