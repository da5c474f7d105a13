"""Lists of events: what they hold, and by which indexes they are read."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ledger import Ledger, RecordedEvent, listing
from ledger.database import write_transaction
from ledger.identity import QUARANTINE_STREAM
from ledger.log import Log
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.ledger.deliveries import body, delivered, fill
from tests.plans import numbers, watched

ROWS = 100_000
# So few have what is rare, and they are the oldest: what newest-first comes to last. The newest
# are quarantined, which no list shows.
RARE, HALF, LAST = 20, ROWS // 2, ROWS * 9 // 10
BEGIN = 1_700_000_000

COLUMNS = {
    "id": "n",
    "event_id": f"CASE WHEN n > {LAST} THEN 'quarantine:' || n ELSE 'evt_' || n END",
    "topic": "'topic'",
    "originator_version": "n",
    "type": f"CASE WHEN n > {LAST} THEN 'quarantine.reason' WHEN n <= {RARE} THEN 'rare.type'"
    f" WHEN n <= {HALF} THEN 'old.type_' || n % 7 ELSE 'common.type_' || n % 7 END",
    "stream": f"CASE WHEN n > {LAST} THEN NULL WHEN n <= {RARE} THEN 'rare'"
    f" WHEN n <= {HALF} AND n % 2 = 0 THEN 'old' ELSE 'object_' || n END",
    "account": f"CASE WHEN n > {LAST} OR n <= {RARE} THEN NULL WHEN n % 3 = 0 THEN 'common'"
    f" WHEN n % 3 = 1 AND n <= {HALF} THEN 'old' ELSE 'account_' || n % 1000 END",
    "livemode": f"CASE WHEN n > {LAST} THEN NULL ELSE n > {RARE} END",
    "created": f"{BEGIN} + n / 5",
    "received_at": "n",
    "source": "'webhook'",
}
BYTES = {
    "sqlite": {
        "state": "CAST('body' AS BLOB)",
        "chain": "CAST('chain' AS BLOB)",
        "originator_id": f"CASE WHEN n > {LAST} THEN x'{QUARANTINE_STREAM.hex}'"
        " ELSE CAST(printf('%016d', n) AS BLOB) END",
    },
    "postgresql": {
        "state": "convert_to('body', 'UTF8')",
        "chain": "convert_to('chain', 'UTF8')",
        "originator_id": f"CASE WHEN n > {LAST} THEN CAST('{QUARANTINE_STREAM}' AS uuid)"
        " ELSE CAST(lpad(CAST(n AS text), 32, '0') AS uuid) END",
    },
}

# Of each filter: what few have, far away; many, far away; many; and none.
VALUES: dict[str, list[Any]] = {
    "event_id": ["evt_7", f"evt_{HALF}", "evt_none"],
    "type": ["rare.type", "rare.*", "old.type_1", "old.*", "common.type_1", "common.*", "no.type",
             "no.*"],
    "object_id": ["rare", "old", "object_60001", "none"],
    "account": ["self", "old", "common", "none"],
    "livemode": [False, True],
    "created": [{"lt": BEGIN + 3}, {"gte": BEGIN + 9000, "lt": BEGIN + 9010}, {"gt": BEGIN * 2},
                {"lte": BEGIN * 2}, {"gte": BEGIN, "gt": BEGIN + 30, "lt": BEGIN * 2}],
    "position_gt": [5, HALF, ROWS],
}  # fmt: skip
PAGES: list[dict[str, Any]] = [
    {}, {"starting_after": "evt_40001"}, {"ending_before": "evt_30"}, {"starting_after": "evt_25"}
]  # fmt: skip


@pytest.fixture(scope="module", params=DIALECTS)
def many(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[Ledger]:
    """A log of many events, as no delivery makes them."""
    with with_ledger(request.param) as url:
        ledger = Ledger.open(url)
        values = COLUMNS | BYTES[request.param]
        with write_transaction(ledger.engine) as connection:
            connection.execute(
                text(
                    f"INSERT INTO ledger_events ({', '.join(values)})"
                    f" SELECT {', '.join(values.values())} FROM {numbers(connection, ROWS)}"
                )
            )
            if request.param == "postgresql":
                connection.execute(text("ANALYZE ledger_events"))
        yield ledger
        ledger.close()


def check(ledger: Ledger, narrowing: Mapping[str, Any], passed: int = 0) -> None:
    """Read a list, and look at the plan of each of its queries."""
    with watched(ledger.engine) as watch:
        ledger.log.events(**narrowing)
    plans = list(watch.plans("ledger_events", passed=passed))
    assert plans
    for plan in plans:
        assert not plan.faults, f"{narrowing}\n{plan}"


def test_every_filter_of_events_goes_by_an_index(many: Ledger) -> None:
    """No list reads the log or many entries of an index, nor sorts what it reads."""
    filters = inspect.signature(Log.events).parameters.keys()
    assert {*VALUES} == filters - {"self", "limit", "starting_after", "ending_before"}

    narrowings = [{}, *({name: value} for name, values in VALUES.items() for value in values)]
    for narrowing, page in product(narrowings, PAGES):
        check(many, {**narrowing, **page})


def test_filters_of_events_together_pass_others_in_the_index(many: Ledger) -> None:
    """What is rare among much is found without a look at the rest: only its index is read."""
    for (name, values), (other, others) in product(VALUES.items(), repeat=2):
        if name != other and "object_id" not in (name, other):
            for value, other_value in product(values, others):
                check(many, {name: value, other: other_value}, passed=ROWS)
    check(many, {"type": "quarantine.*"}, passed=ROWS)


def test_the_quarantine_goes_by_an_index(many: Ledger) -> None:
    """However much is quarantined, and however much is not."""
    for page in ({}, {"starting_after": LAST + 99}, {"ending_before": ROWS - 99}):
        with watched(many.engine) as watch:
            many.log.quarantine(limit=10, **page)
        plans = list(watch.plans("ledger_events"))
        assert plans
        assert not [str(plan) for plan in plans if plan.faults]


# Few of each, so that every list has a page after the first, and pages that are full.
TYPES = ("charge.succeeded", "charge.refunded", "charger.plugged", "payout.paid")
CHOICES: dict[str, list[Any]] = {
    "type": [None, "charge.succeeded", "charge.*", "payout.*", "none.*"],
    "object_id": [None, "ch_1"],
    "account": [None, "self", "acct_1"],
    "livemode": [None, False, True],
    "created": [None, {"gte": 1005}, {"gt": 1010, "gte": 2, "lt": 1025}, {"lte": 1012, "lt": 5000}],
    "position_gt": [None, 7],
}


def fits(pattern: str, type: str) -> bool:
    return pattern.endswith(".*") and type.startswith(pattern.removesuffix("*"))


def is_in_list(event: RecordedEvent, chosen: Mapping[str, Any]) -> bool:
    type, account, created = chosen["type"], chosen["account"], chosen["created"] or {}
    return (
        not event.is_quarantined
        and (type is None or event.type == type or fits(type, event.type))
        and chosen["object_id"] in (None, event.stream)
        and (account is None or account == (event.account or "self"))
        and chosen["livemode"] in (None, event.livemode)
        and event.created >= max(created.get("gte", 0), created.get("gt", -1) + 1)
        and event.created <= min(created.get("lte", 9999), created.get("lt", 10000) - 1)
        and event.position > (chosen["position_gt"] or 0)
    )


@pytest.fixture(scope="module", params=DIALECTS)
def several(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[Ledger]:
    """A log of several events of each sort, with others between."""
    with with_ledger(request.param) as url:
        ledger = Ledger.open(url)
        fill(ledger, 4)
        bodies = [body(5 + n, type=TYPES[n % 4], created=1000 + n * 7 % 31) for n in range(30)]
        ledger.append([delivered(each) for each in bodies])
        yield ledger
        ledger.close()


@settings(max_examples=150, deadline=None)
@given(
    chosen=st.fixed_dictionaries({name: st.sampled_from(each) for name, each in CHOICES.items()}),
    few=st.sampled_from([0, 10, 1000]),
    limit=st.integers(1, 5),
)
def test_a_list_has_the_events_that_fit(
    several: Ledger, chosen: dict[str, Any], few: int, limit: int
) -> None:
    """With any filters, walked forwards and back again, however many events are of a time."""
    fitting = [event.event_id for event in several.log.after(0, 100) if is_in_list(event, chosen)]
    expected = fitting if chosen["position_gt"] is not None else fitting[::-1]

    with patch.object(listing, "_OF_A_TIME_MAX", few):
        assert walked(several, chosen, limit) == expected
        if expected:
            back = several.log.events(**chosen, ending_before=expected[-1], limit=limit)
            assert [event.event_id for event in back.items] == expected[:-1][-limit:]
            assert back.has_more is (len(expected) > limit + 1)


def walked(ledger: Ledger, chosen: Mapping[str, Any], limit: int) -> list[str]:
    ids: list[str] = []
    while True:
        after = ids[-1] if ids else None
        page = ledger.log.events(**chosen, starting_after=after, limit=limit)
        ids += [event.event_id for event in page.items]
        if not page.has_more:
            return ids
