"""Accounts and modes side by side: the same ids in each of them, and nothing mixes."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from api.simulator import API_VERSIONS, STORIES, story
from projections import KINDS, Ambiguous, NotFound, RowSelector
from tests.projections.cases import charge, event, payout, thin
from tests.projections.histories import Json, Store, differing, rows, shuffled

SCOPES = list(product((None, "acct_one", "acct_two"), (False, True)))
NAMES = (
    "charge_that_names_no_intent",
    "dispute_lost",
    "full_refund",
    "invoice_missed_then_paid",
    "trial_that_converts_and_lapses",
    "payout_reversed",
    "session_before_its_intent",
)


def everywhere() -> list[Json]:
    """The same objects with the same ids in every scope; one account is an organisation's."""
    events = []
    for number, (account, livemode) in enumerate(SCOPES):
        for name in NAMES:
            for each_event in story(name, api_version=API_VERSIONS).events:
                copied = copy.deepcopy(each_event)
                copied["id"] = f"{each_event['id']}x{number}"
                copied["livemode"] = livemode
                if account is not None:
                    copied["context" if account == "acct_two" else "account"] = account
                events.append(copied)
    return events


def test_nothing_of_two_scopes_mixes(store: Store) -> None:
    """Each scope has the rows that it would have alone, but for account and mode themselves."""
    store.deliver(shuffled(everywhere(), seed=1))
    alone = rows(event for name in NAMES for event in story(name, api_version=API_VERSIONS).events)

    expected = {
        kind: {
            (account, livemode, id): {**row, "account": account, "livemode": livemode}
            for (_, _, id), row in items.items()
            for account, livemode in SCOPES
        }
        for kind, items in alone.items()
    }
    assert differing(store.rows(), expected) == []
    assert store.projections.check() == []


def test_an_id_of_several_scopes_is_ambiguous_until_one_is_named(store: Store) -> None:
    """`account` and `livemode` together name one row; less than that names none, and says so."""
    store.deliver(everywhere())
    id = next(iter(store.items("orders", account="self", livemode=False)))["id"]
    projections, ever = store.projections, 2**40

    for less in (
        RowSelector(),
        RowSelector(livemode=True),
        RowSelector(account="self"),
        RowSelector(account="acct_one"),
    ):
        for query in (projections.get, projections.timeline, projections.snapshot):
            for selector in (less, replace(less, as_of=ever)):
                with pytest.raises(Ambiguous):
                    query("orders", id, selector)
    for account, livemode in SCOPES:
        selector = RowSelector(account=account or "self", livemode=livemode)
        for moment in (selector, replace(selector, as_of=ever)):
            row = projections.get("orders", id, moment).row
            assert (row["id"], row["account"], row["livemode"]) == (id, account, livemode)
        assert projections.timeline("orders", id, selector).items
        assert projections.snapshot("orders", id, selector) is not None
    with pytest.raises(NotFound):
        projections.get("orders", id, RowSelector(account="acct_three"))


def test_lists_filter_by_account_and_mode(store: Store) -> None:
    """Every filter gives the rows of the whole list that have the value, in the same order."""
    store.deliver(everywhere())

    for kind in KINDS:
        everything = store.items(kind)
        for account, livemode in SCOPES:
            items = store.items(kind, account=account or "self", livemode=livemode)
            assert items == [
                row
                for row in everything
                if (row["account"], row["livemode"]) == (account, livemode)
            ]
        for name in set(KINDS[kind].filters) - {"account", "livemode"}:
            listed = KINDS[kind].list_filters.get(name)
            # What each row is found by: its value, or each of those that it lists.
            keys = [{row[name]} if listed is None else set(row[listed]) for row in everything]
            for value in set().union(*keys):
                chosen = [row for row, own in zip(everything, keys, strict=True) if value in own]
                assert store.items(kind, **{name: value}) == chosen


SUMMED = {name: kind.summary for name, kind in KINDS.items() if kind.summary is not None}


def summed(store: Store) -> dict[tuple[Any, ...], Json]:
    """The summary, worked out from the lists in plain Python."""
    totals: dict[tuple[Any, ...], Json] = defaultdict(lambda: {name: {} for name in SUMMED})
    for kind, names in SUMMED.items():
        for row in store.items(kind):
            by_status = totals[row["account"], row["livemode"], row["currency"]][kind]
            status = row["status"] or "unknown"
            if not names:
                by_status[status] = by_status.get(status, 0) + 1
                continue
            figures = by_status.setdefault(status, dict.fromkeys(("count", *names), 0))
            figures["count"] += 1
            for name in names:
                figures[name] += row[name] or 0
    return dict(totals)


def summary(store: Store) -> dict[tuple[Any, ...], Json]:
    return {
        (item["account"], item["livemode"], item["currency"]): {name: item[name] for name in SUMMED}
        for item in store.projections.summary().items
    }


def test_the_summary_is_the_sum_of_the_lists(store: Store) -> None:
    """Per account, mode and currency, over every story and over the same ids in every scope."""
    stories = [story(name, index=n, api_version=API_VERSIONS) for n, name in enumerate(STORIES)]
    store.deliver(
        [*everywhere(), *(event for each_event in stories for event in each_event.events)]
    )

    assert summary(store) == summed(store)


AMOUNTS = {"aaa": 2**31 + 1, "bbb": 3 * 2**31, "ccc": 2**62, "ddd": -(2**31) - 1, "eee": -(2**62),
           "fff": -1}  # fmt: skip


def test_the_summary_sums_beyond_64_bits(store: Store) -> None:
    """Sums are exact however great, and below zero: payouts may be debits."""
    store.deliver(
        event(
            "payout.paid",
            100 + n,
            {**payout("paid", amount=amount + n, currency=currency), "id": f"po_{currency}{n}"},
        )
        for currency, amount in AMOUNTS.items()
        for n in range(5)
    )

    for currency, amount in AMOUNTS.items():
        total = summary(store)[None, False, currency]["payouts"]["paid"]
        assert total == {"count": 5, "amount": 5 * amount + 10}


def test_an_old_events_user_id_is_its_account(store: Store) -> None:
    """Before 2017-05-25 the connected account stood in `user_id`."""
    store.deliver([event("charge.succeeded", 100, charge(), user_id="acct_old", api_version=None)])

    assert [row["account"] for row in store.items("orders")] == ["acct_old"]


THIN = Path(__file__).parents[3] / "shared" / "stripe" / "thin"


def test_thin_events_are_counted_and_project_nothing(store: Store) -> None:
    """Each kind says how many events had no snapshot; also after a rebuild."""
    store.deliver([thin(1), event("charge.succeeded", 100, charge()), thin(2), thin(1)])

    def counted() -> set[int]:
        return {state.without_snapshot for state in store.projections.states()}

    assert counted() == {2}
    assert [(row["id"], row["events"]) for row in store.items("orders")] == [("ch_1", 1)]
    assert store.projections.check() == []
    store.projections.rebuild()
    assert counted() == {2}


@pytest.mark.skipif(not THIN.exists(), reason="the samples of ../shared/stripe are not at hand")
def test_recorded_thin_events_project_nothing(store: Store) -> None:
    """Whatever thin events others recorded: no row, no dead letter."""
    recorded = [json.loads(path.read_text()) for path in sorted(THIN.glob("*.json"))]
    events = [{**copied, "id": f"evt_recorded{number}"} for number, copied in enumerate(recorded)]
    store.deliver([copied for copied in events if isinstance(copied.get("object"), str)])

    assert not any(store.living().values())
    assert store.projections.dead_letters().items == []
