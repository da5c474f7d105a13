"""Every arrival of the small histories that break simpler rules: right each time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, permutations
from random import Random

import pytest

from projections import KINDS
from projections.rows.project import project
from tests.projections import cases
from tests.projections.capability_cases import CAPABILITY_CASES
from tests.projections.cases import changed, event, is_, make_case, sub
from tests.projections.conftest import Opened
from tests.projections.deletion_cases import DELETION_CASES
from tests.projections.histories import Json, entries
from tests.projections.money_cases import MONEY_CASES
from tests.projections.nested_cases import NESTED_CASES

CASES = cases.CASES | NESTED_CASES | MONEY_CASES | DELETION_CASES | CAPABILITY_CASES


def after(kind: str, arrived: list[Json]) -> Json:
    """The one row of a kind, once these events have come."""
    (projected,) = project(KINDS[kind], entries(arrived))
    assert projected.row is not None
    return projected.row


@pytest.mark.parametrize("name", CASES)
def test_every_permutation_of_every_beginning_is_right(name: str) -> None:
    """Whatever part of a case has happened, all its arrivals give the row that is true then."""
    case = CASES[name]

    for happened, fields in enumerate(case.after, start=1):
        for arrived in permutations(case.events[:happened]):
            row = after(case.kind, list(arrived))
            assert {name: row[name] for name in fields} == fields, [e["type"] for e in arrived]


@pytest.mark.parametrize("stops", [(0, 1, 2, 3, 4, 5), (0, 1, 3, 5), (0, 2, 5), (0, 5)], ids=str)
@pytest.mark.parametrize(("dialect", "orders"), [("sqlite", 24), ("postgresql", 3)])
def test_the_follower_is_right_about_every_case(
    opened: Opened, dialect: str, orders: int, stops: tuple[int, ...]
) -> None:
    """Read one, two or more at a time, in an account for each arrival: live equals fold."""
    arrivals: dict[str, tuple[str, tuple[Json, ...]]] = {}
    for case in CASES.values():
        every = list(permutations(case.events))
        for arrived in Random(1).sample(every, min(orders, len(every))):
            arrivals[f"acct_{len(arrivals)}"] = (case.kind, arrived)
    with opened(dialect) as store:
        for start, stop in pairwise(stops):
            store.deliver(
                {**each, "id": f"{each['id']}_{account}", "account": account}
                for account, (_, arrived) in arrivals.items()
                for each in arrived[start:stop]
            )
            assert store.projections.check() == []
        results = store.rows()
        for account, (kind, arrived) in arrivals.items():
            (row,) = (row for key, row in results[kind].items() if key[0] == account)
            case = next(case for case in CASES.values() if set_of(case.events) == set_of(arrived))
            assert {name: row[name] for name in case.after[-1]} == case.after[-1]


def set_of(events: Iterable[Json]) -> set[str]:
    """The ids of some events."""
    return {event["id"] for event in events}


def test_more_changes_in_one_second_than_all_orders_can_be_tried_of() -> None:
    """Beyond six events the next best is taken each time: a long chain still ends right."""
    statuses = ["active", "past_due", "unpaid", "active", "trialing", "active", "paused", "active"]
    steps = [(event("customer.subscription.created", 100, sub("trialing", quantity=0)), is_(""))]
    before: Json = {"status": "trialing", "quantity": 0}
    for number, status in enumerate(statuses, start=1):
        steps.append((changed(200, status, before, quantity=number), is_("")))
        before = {"status": status, "quantity": number}
    case = make_case("subscriptions", *steps)

    for seed in range(200):
        arrived = Random(seed).sample(case.events, len(case.events))
        assert after("subscriptions", arrived)["status"] == "active"


def test_ids_break_the_last_ties() -> None:
    """Two changes that nothing tells apart: arbitrary, but the same in every arrival."""
    events = [changed(200, "active", metadata={"n": str(number)}) for number in range(4)]
    results = [
        after("subscriptions", list(arrived))["metadata"] for arrived in permutations(events)
    ]

    assert results == results[:1] * len(results)
