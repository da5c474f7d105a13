"""The backfill: every object that is listed is recorded once, wherever it is killed."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.demo.comparison import differences
from api.demo.untold import asked_truth, without_untold
from api.simulator import START
from api.simulator.stripe import Fault, Key
from api.stripe.objects import lists
from api.stripe.refusals import StripeUnreachable
from ledger import verify
from projections import KINDS
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.projections.histories import Crash
from tests.stripe.conftest import DAY
from tests.stripe.merchants import (
    DyingBackfills,
    Merchant,
    by_id,
    comparable,
    identity,
    merchant,
    newest_stories,
    truth_of,
)

LATER = START + 60 * DAY

OF_ORDERS = {listed.declared.name for listed in lists(["orders"])}


def everything(side: Merchant) -> set[tuple[str | None, str, str]]:
    """Which objects our own Stripe has in its lists, in all accounts."""
    api, platform = side.api(), side.simulator.api.platform
    identities = set()
    for account in (None, *(each.id for each in platform.accounts(livemode=False))):
        for listed in lists():
            if account is not None and listed.is_of_platform:
                continue
            cursor: dict[str, str] | None = {}
            while cursor is not None:
                page = listed.page(api, account, cursor)
                for snapshot in page.snapshots:
                    id = json.loads(snapshot.object)["id"]
                    identities.add((snapshot.account, listed.declared.name, id))
                more = page.has_more and page.cursor
                cursor = {"starting_after": str(page.cursor)} if more else None
    return identities


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    page=st.sampled_from([3, 10, 100]),
    deaths=st.lists(st.integers(0, 40), max_size=4),
)
def test_killed_anywhere_nothing_is_twice_or_missing(
    with_ledger: WithLedger, dialect: str, seed: int, page: int, deaths: list[int]
) -> None:
    """Whatever page it is killed at, before or after that is noted; a second backfill adds none."""
    with merchant(with_ledger, dialect, newest_stories(seed, 20), LATER) as side:
        for at in deaths:
            with suppress(Crash):
                side.backfill(backfills=DyingBackfills(side, at), page=page)
        results = side.backfill(page=page)
        records = [identity(record) for record in side.records()]
        assert len(records) == len(set(records))
        assert set(records) == everything(side)
        assert not any(result.refused or result.unreadable for result in results)
        side.clock.seconds += 3600
        assert sum(result.recorded for result in side.backfill()) == 0
        assert verify(side.store.ledger).problems == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_merchant_whose_events_are_gone(with_ledger: WithLedger, dialect: str) -> None:
    """Rows are the stories' truth, but for what only events tell and what was deleted."""
    stories = comparable(newest_stories(7, 110))
    truth = asked_truth(truth_of(stories), has_deleted=False)
    with merchant(with_ledger, dialect, stories, LATER + 1000 * DAY) as side:
        side.backfill()
        rows = without_untold(by_id(side.rows()))
    assert truth.keys() == KINDS.keys() - {"discounts"} and all(truth.values())
    # Stripe lists more than events told of.
    assert differences(truth, rows) == []


def test_a_key_without_a_permission_does_the_rest(with_ledger: WithLedger) -> None:
    """It is named with its list; once it is there, only that list is read."""
    permissions = frozenset({"payout_read", "customer_read", "connected_account_read"})
    some = Key("rk_test_without_disputes_Zq7x", permissions)
    with merchant(with_ledger, "sqlite", newest_stories(9, 60), LATER) as side:
        side.simulator.api.keys[some.secret] = some
        first = side.backfill(["payouts", "customers", "disputes"], key=some)
        by_list = {result.listing: result for result in first if result.account is None}
        assert by_list["/v1/payouts"].objects > 0
        assert by_list["/v1/payouts"].refused is None
        assert "dispute_read" in str(by_list["/v1/disputes"].refused)
        assert not any("Zq7x" in str(result.refused) for result in first)
        before = len(side.simulator.requests)
        second = side.backfill(["payouts", "customers", "disputes"])
        paths = {request.path for _, request in side.simulator.requests[before:]}
        assert paths == {"/v1/accounts", "/v1/disputes"}
        assert all(result.was_done == (result.listing != "/v1/disputes") for result in second)
        assert side.backfills().states() == {}


def test_since_and_deletions_between_pages(with_ledger: WithLedger) -> None:
    """Only what was created since; a cursor that is gone is no end, and nothing is missing."""
    with merchant(with_ledger, "sqlite", newest_stories(4, 80), LATER) as side:
        middle = START + 30_000
        side.backfill(["orders"], since=middle)
        created = [record["data"]["object"]["created"] for record in side.records()]
        assert created and min(created) >= middle
        with suppress(Crash):
            side.backfill(["orders"], backfills=DyingBackfills(side, 3), page=5)
        store = side.backfills()
        for state in store.states().values():
            store.save(replace(state, cursor="pi_of_nobody"))
        side.backfill(["orders"], page=5)
        assert {identity(record) for record in side.records()} == {
            each for each in everything(side) if each[1] in OF_ORDERS
        }


def test_stripe_away_is_waited_for_and_then_told(with_ledger: WithLedger) -> None:
    """A 429 is waited out; without any answer it ends, and goes on where it was."""
    with merchant(with_ledger, "sqlite", newest_stories(2, 20), LATER) as side:
        side.simulator.faults.add(Fault("rate_limited", "/v1/charges", seconds=0))
        side.simulator.faults.add(Fault("error", "/v1/refunds"), times=3)
        with pytest.raises(StripeUnreachable, match="GET /v1/refunds"):
            side.backfill(["orders"])
        done = {state.listing for state in side.backfills().states().values() if state.is_done}
        assert "/v1/charges" in done and "/v1/refunds" not in done
        side.backfill(["orders"])
        assert {identity(record) for record in side.records()} == {
            each for each in everything(side) if each[1] in OF_ORDERS
        }
