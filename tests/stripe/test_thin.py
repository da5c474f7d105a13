"""Thin endpoints: the objects that events name are fetched, and rows follow."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest

from api.demo.comparison import differences
from api.demo.untold import asked_truth, without_untold
from api.simulator import START, Story, story
from api.simulator.stripe import Fault, Key
from api.simulator.thin import thin
from api.stripe.objects import names
from api.stripe.refusals import StripeUnreachable
from api.stripe.thin import Followed, ThinFollower
from api.stripe.thin_store import ThinFigures, ThinStore
from projections import KINDS
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.stripe.conftest import DAY, TEST_KEY
from tests.stripe.merchants import (
    Json,
    Merchant,
    by_id,
    comparable,
    identity,
    merchant,
    newest_stories,
    truth_of,
)


def follower(side: Merchant, key: Key = TEST_KEY) -> ThinFollower:
    ledger = side.store.ledger
    return ThinFollower(side.api(key), ledger, ThinStore(ledger.engine))


def events_of(stories: list[Story]) -> list[Json]:
    events = [event for story in stories for event in story.events if not event["livemode"]]
    return sorted(events, key=lambda event: event["created"])


def twins(events: list[Json]) -> list[Json]:
    return [twin for event in events if (twin := thin(event)) is not None]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_rows_follow_thin_events(with_ledger: WithLedger, dialect: str) -> None:
    """At the end they are the stories' truth, but for what only events tell."""
    stories = comparable(newest_stories(4, 60))
    events = events_of(stories)
    with merchant(with_ledger, dialect, stories, START) as side:
        thin_follower = follower(side)
        for second, group in groupby(events, key=lambda event: event["created"]):
            side.clock.seconds = second + 0.5
            side.store.append(twins(list(group)))
            assert thin_follower.follow().refused == []
        rows = side.rows()
        causes = {record["cause"] for record in side.records()}
        objects = {record["data"]["object"]["object"] for record in side.records()}
        log = side.store.ledger.log
        assert causes and causes == log.known(sorted(causes))
    truth = asked_truth(truth_of(stories), has_deleted=True)
    assert truth.keys() == KINDS.keys() - {"discounts"} and all(truth.values())
    # What has its address below another's is fetched too.
    assert {"capability", "fee_refund"} <= objects
    assert differences(truth, without_untold(by_id(rows))) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_object_is_fetched_once_for_many_events(with_ledger: WithLedger, dialect: str) -> None:
    """Of those that came together; the record names the newest, and nothing is fetched twice."""
    stories = [story for story in newest_stories(3, 30) if not story.events[0]["livemode"]]
    events = twins([event for event in events_of(stories) if "account" not in event])
    related = {event["related_object"]["url"]: event["id"] for event in events}
    with merchant(with_ledger, dialect, stories, START + 900 * DAY) as side:
        side.store.append(events)
        thin_follower = follower(side)
        assert ThinStore(side.store.ledger.engine).figures() == ThinFigures(
            len(events), len(events)
        )
        followed = thin_follower.follow()
        paths = [request.path for _, request in side.simulator.requests]
        assert followed.events == len(events) > len(paths)
        assert len(paths) == len(set(paths))
        for record in side.records():
            _, name, id = identity(record)
            assert record["cause"] == related[f"{names()[name].api_path}/{id}"]
        assert thin_follower.follow() == Followed()
        assert len(side.simulator.requests) == len(paths)
        assert ThinStore(side.store.ledger.engine).figures() == ThinFigures(len(events), 0)


def test_what_is_refused_holds_up_nothing(with_ledger: WithLedger) -> None:
    """A missing permission is named, Stripe away is tried again; the other mode's are left."""
    some = Key("rk_test_reads_charges_Zq7x", frozenset({"charge_read"}))
    stories = newest_stories(3, 40)
    events = [event for story in stories for event in story.events if "account" not in event]
    with merchant(with_ledger, "sqlite", stories, START + 900 * DAY) as side:
        side.simulator.api.keys[some.secret] = some
        side.store.append(twins(events))
        side.simulator.faults.add(Fault("error"), times=3)
        with pytest.raises(StripeUnreachable):
            follower(side, some).follow()
        followed = follower(side, some).follow()
        assert {record["data"]["object"]["object"] for record in side.records()} <= {
            "charge", "refund",
        }  # fmt: skip
        assert not any(record["livemode"] for record in side.records())
        assert followed.recorded > 5
        assert any("payment_intent_read" in refused for refused in followed.refused)
        assert not any("Zq7x" in refused for refused in followed.refused)


def test_what_is_deleted_is_so(with_ledger: WithLedger) -> None:
    """Stripe does not have it any more: the event says why."""
    stories = [story for story in newest_stories(6, 200) if story.name == "product_deleted"]
    events = [event for event in events_of(stories) if "account" not in event]
    with merchant(with_ledger, "sqlite", stories, START + 900 * DAY) as side:
        side.store.append(twins(events))
        follower(side).follow()
        [record, *_] = side.records()
        assert record["data"]["object"]["deleted"] is True
        assert all(row["deleted"] for row in side.rows()["products"].values())
        assert side.rows()["products"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_capability_is_asked_for_below_its_account(with_ledger: WithLedger, dialect: str) -> None:
    """No list has it; the platform asks for it, and the account's row shows what was answered."""
    turned_off = story("capability_turned_off", keeps_states=True)
    with merchant(with_ledger, dialect, [turned_off], START) as side:
        for event in events_of([turned_off]):
            side.clock.seconds = event["created"]
            side.store.append(twins([event]))
            assert follower(side).follow().refused == []
            [account] = side.rows()["accounts"].values()
        assert event["type"] == "capability.updated"
        last = side.simulator.requests[-1][1]
        assert last.path == f"/v1/accounts/{account['id']}/capabilities/card_payments"
        assert last.account is None
        [*_, record] = side.records()
        assert identity(record) == (account["id"], "capability", "card_payments")
        assert account["capabilities"] == {"card_payments": "inactive", "transfers": "active"}


def test_odd_thin_events_are_passed_over(with_ledger: WithLedger) -> None:
    """About nothing, about what has no id, or what is no object of ours."""
    bare: Any = {
        "object": "v2.core.event",
        "type": "v2.core.event_destination.ping",
        "created": "2026-01-01T00:00:00.000Z",
        "livemode": False,
    }
    odd = [
        {**bare, "id": "evt_odd_1"},
        {**bare, "id": "evt_odd_2", "related_object": {"type": "charge"}},
        {**bare, "id": "evt_odd_3", "related_object": {"type": "v2.core.x", "id": "x", "url": "/"}},
        {**bare, "id": "evt_odd_4", "related_object": {"type": "charge", "id": "ch_1"}},
    ]
    with merchant(with_ledger, "sqlite", [], START) as side:
        side.store.append(odd)
        followed = follower(side).follow()
        assert (followed.events, followed.unknown, followed.refused) == (2, 2, [])
        assert [request.path for _, request in side.simulator.requests] == ["/v1/charges/ch_1"]
