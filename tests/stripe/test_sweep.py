"""The sweep: an outage of ten days ends as none, wherever it is killed, on both databases."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.simulator import START, histories
from api.simulator.stripe import Fault, Key, Stripe
from api.stripe.figures import figures
from api.stripe.refusals import MissingPermission, StripeUnreachable
from ledger import Ledger, export_lines, import_file, verify
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.projections.histories import Crash, Store, delivery, differing
from tests.stripe.conftest import DAY, KEYS, Clock
from tests.stripe.sides import AFTER, OUTAGE, DyingStore, Side, Sided, account_of, happened


@pytest.fixture(scope="module")
def sided(with_ledger: WithLedger) -> Sided:
    """A function that opens an empty ledger beside a Stripe with some stories."""

    @contextmanager
    def sided(dialect: str, stories: Iterable[Any], **more: Any) -> Iterator[Side]:
        clock = Clock(AFTER)
        simulator = Stripe(stories, KEYS, clock=clock, rate_max=10_000)
        with with_ledger(dialect) as url, simulator.serving() as base:
            store = Store.open(url)
            try:
                yield Side(store, simulator, base, clock, **more)
            finally:
                store.close()

    return sided


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    page=st.sampled_from([3, 10, 100]),
    deaths=st.lists(st.integers(0, 60), max_size=4),
    webhooks_first=st.booleans(),
)
def test_an_outage_ends_as_none(
    sided: Sided, dialect: str, seed: int, page: int, deaths: list[int], webhooks_first: bool
) -> None:
    """Ten days without webhooks, a sweep that is killed anywhere: the same events, the same rows.

    Nothing is in the log twice and nothing is missing, whether what webhooks bring after the
    outage comes before or after the sweep.
    """
    stories, events = happened(seed, 60)
    before = [event for event in events if event["created"] < OUTAGE[0]]
    after = [event for event in events if event["created"] >= OUTAGE[1]]
    with sided(dialect, stories, page=page) as side:
        side.store.append(before)
        if webhooks_first:
            side.store.append(after)
        for at in deaths:
            with suppress(Crash):
                side.fetch(DyingStore(side, at))
        side.fetch()
        side.store.append(after)
        ids = side.ids()
        side.store.follow()
        rows = side.store.rows()
        assert verify(side.store.ledger).problems == []
    assert len(ids) == len(set(ids))
    assert set(ids) == {event["id"] for event in events}
    with sided(dialect, []) as other:
        other.store.deliver(events)
        assert differing(rows, other.store.rows()) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_fetched_event_is_in_the_log_as_any(sided: Sided, dialect: str) -> None:
    """Its source is `api`; verify, export and import take it; its body is what the API showed."""
    stories, events = happened(3, 25)
    with sided(dialect, stories) as side:
        swept = side.fetch()
        log = side.store.ledger.log
        assert sum(each.fetched for each in swept) == len(events)
        assert set(side.sources().values()) == {"api"}
        shown = {event["id"]: event for event in events}
        for entry in log.after(0, 1000):
            document = json.loads(entry.body)
            expected = {**shown[entry.event_id], "pending_webhooks": 0}
            account = expected.pop("account", None) or expected.pop("context", None)
            assert (document.pop("account", None), document) == (account, expected)
            assert b"\n" not in entry.body and entry.account == account
        lines = list(export_lines(side.store.ledger))
        with sided(dialect, []) as copy:
            import_file(copy.store.ledger, io.BytesIO(b"".join(lines)))
            assert list(export_lines(copy.store.ledger)) == lines
            assert verify(copy.store.ledger).problems == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_sweep_goes_on_where_the_last_one_ended(sided: Sided, dialect: str) -> None:
    """With an hour of overlap; what is younger than five minutes is left to its webhook."""
    stories, _ = happened(5, 40)
    with sided(dialect, stories) as side:
        side.fetch()
        side.simulator.requests.clear()
        side.clock.seconds += 3600
        side.fetch()
        bounds = [
            request.params["created"]
            for _, request in side.simulator.requests
            if request.path == "/v1/events"
        ]
        begin, end = AFTER - 300 - 3600, AFTER + 3600 - 300
        assert bounds and all(each == {"gte": str(begin), "lte": str(end)} for each in bounds)
        assert len(side.ids()) == len(set(side.ids()))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_since_leaves_no_hole(sided: Sided, dialect: str) -> None:
    """A sweep of the last day alone does not move on where the next one begins."""
    stories, events = happened(7, 40)
    with sided(dialect, stories) as side:
        side.fetch(since=int(AFTER - 5 * DAY))
        assert 0 < len(side.ids()) < len(events)
        side.fetch()
        assert set(side.ids()) == {event["id"] for event in events}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_stripe_no_longer_lists_is_said(sided: Sided, dialect: str) -> None:
    """After more than 30 days the time between is named, and the rest is fetched."""
    stories, _ = happened(9, 20)
    with sided(dialect, stories) as side:
        side.fetch()
        side.clock.seconds += 40 * DAY
        own = next(each for each in side.fetch() if each.account is None)
        assert own.lost == (AFTER - 300, AFTER - 300 + 10 * DAY)
        assert next(each for each in side.fetch() if each.account is None).lost is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_cursor_that_aged_out_begins_again(sided: Sided, dialect: str) -> None:
    """A sweep that was cut off for so long that its cursor is gone ends all the same."""
    stories, _ = happened(11, 40)
    with sided(dialect, stories, page=3) as side:
        with suppress(Crash):
            side.fetch(DyingStore(side, 9))
        [state] = [s for s in side.sweeps.states(False).values() if s.cursor is not None]
        side.clock.seconds += 60 * DAY
        side.fetch()
        states = side.sweeps.states(False).values()
        assert state.cursor and all(each.cursor is None for each in states)
        assert {s.swept_until for s in states if not s.is_gone} == {int(AFTER) - 300 + 60 * DAY}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_account_without_access_holds_nobody_up(sided: Sided, dialect: str) -> None:
    """It is named, and swept again once it is connected again; the others are swept."""
    stories = list(histories(2, 130, keeps_states=True, spacing=3600))
    with sided(dialect, stories) as side:
        side.clock.seconds = START + 20 * DAY
        side.store.append(
            event for story in stories for event in story.events if "account" in event
        )
        swept = side.fetch()
        refused = [each for each in swept if each.refused]
        states = side.sweeps.states(False)
        assert refused and all("took its access away" in str(each.refused) for each in refused)
        assert len(swept) > len(refused) and sum(each.fetched for each in swept)
        assert {each.account for each in refused} == {
            account for account, state in states.items() if state.is_gone
        }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_the_list_of_accounts_those_of_the_log_are_swept(
    sided: Sided, dialect: str
) -> None:
    """The permission that is missing is named; without that for events nothing can be swept."""
    stories, events = happened(13, 60)
    connected = [event for event in events if account_of(event)]
    account = account_of(connected[0])
    with sided(dialect, stories) as side:
        side.store.append(connected[:1])
        key = Key("rk_test_events_only_Zq7x", frozenset({"event_read"}))
        none = Key("rk_test_nothing_at_all_Zq7x", frozenset({"charge_read"}))
        side.simulator.api.keys |= {each.secret: each for each in (key, none)}
        side.key = key
        accounts, refused = side.sweeper().accounts()
        assert set(accounts) == {None, account}
        assert isinstance(refused, MissingPermission)
        assert refused.permission == "connected_account_read"
        side.fetch()
        assert {e["id"] for e in events if account_of(e) in (None, account)} == set(side.ids())
        side.key = none
        with pytest.raises(MissingPermission, match="event_read"):
            side.fetch()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_stripe_away_is_an_error_and_no_loss(sided: Sided, dialect: str) -> None:
    """The next sweep fetches what this one could not."""
    stories, events = happened(15, 30)
    with sided(dialect, stories, page=10) as side:
        side.simulator.faults.add(Fault("error", "/v1/events"), times=3)
        with pytest.raises(StripeUnreachable):
            side.fetch()
        side.fetch()
        assert set(side.ids()) == {event["id"] for event in events}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_conflicts_are_between_webhooks_only(sided: Sided, dialect: str) -> None:
    """A webhook of a fetched event is a duplicate, however it is rendered, and says that."""
    stories, events = happened(17, 10)
    with sided(dialect, stories) as side:
        side.fetch()
        ledger: Ledger = side.store.ledger
        other = {**events[0], "api_version": "2020-08-27"}
        [appended] = ledger.append([delivery(other)])
        assert (appended.status, appended.conflict) == ("duplicate", False)
        assert appended.was_fetched
        fresh = {**events[0], "id": "evt_fresh"}
        first, second = ledger.append(
            [delivery(fresh), delivery({**fresh, "api_version": "2020-08-27"})]
        )
        assert (first.conflict, second.conflict, second.was_fetched) == (False, True, False)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_missed_and_early_events_are_figures(sided: Sided, dialect: str) -> None:
    """Early: its webhook came within three days. Missed: it did not. Until then it is awaited."""
    stories, events = happened(20, 30)
    with sided(dialect, stories) as side:
        side.store.append(events[:1])
        side.fetch()
        fetched = sorted(events[1:], key=lambda event: event["created"])
        newest, oldest = fetched[-1], fetched[0]
        for event in (newest, oldest):
            side.sweeps.note_delivered(event["id"])
        side.sweeps.flush()
        engine = side.store.ledger.engine
        young = [e for e in fetched if e["created"] + 3 * DAY >= AFTER]
        total = figures(engine, AFTER).by_type
        later = figures(engine, AFTER + 4 * DAY).by_type

        assert sum(each.early for each in total.values()) == 1
        assert total[newest["type"]].longest_delay == AFTER - newest["created"]
        assert sum(each.awaited for each in total.values()) == len(young) - 1
        assert sum(each.missed for each in total.values()) == len(fetched) - len(young)
        assert total[oldest["type"]].oldest_missed == oldest["created"]
        assert sum(each.missed for each in later.values()) == len(fetched) - 1
