"""What was released of an authorization: a refund until 2025-03-31, and none since then."""

from __future__ import annotations

from typing import Any

import pytest

from api.simulator import API_VERSIONS, STORIES, story
from api.simulator.versions import RELEASES_UNTIL
from tests.demo.truths import row_of, rows_of, values_over_time

ACACIA, BASIL = "2024-10-28.acacia", "2025-03-31.basil"
PARTLY_CAPTURED = {
    # name: captured, refunded of that, released
    "authorised_then_partly_captured": (6_000, 1_000, 4_000),
    "partly_captured_refund_fails": (6_000, 0, 4_000),
    "captured_in_parts": (7_500, 500, 1_500),
    "captured_with_a_tip": (7_200, 300, 0),
}


def _charges(name: str, version: str) -> list[dict[str, Any]]:
    events = story(name, api_version=version).events
    objects = [event["data"]["object"] for event in events]
    return [shown for shown in objects if shown["object"] == "charge"]


@pytest.mark.parametrize("version", [*API_VERSIONS, API_VERSIONS], ids=str)
@pytest.mark.parametrize("name", PARTLY_CAPTURED)
def test_the_refunded_amount_is_the_money_really_refunded(name: str, version: Any) -> None:
    """No version's order counts what was never taken."""
    received, refunded, _ = PARTLY_CAPTURED[name]
    row = row_of("orders", name, version)

    assert (row["amount_received"], row["amount_refunded"]) == (received, refunded)
    assert row["status"] == ("partially_refunded" if refunded else "paid")


@pytest.mark.parametrize("version", [ACACIA, BASIL])
@pytest.mark.parametrize("name", PARTLY_CAPTURED)
def test_a_charge_counts_the_release_until_2025_03_31(name: str, version: str) -> None:
    """Then the rest is in `amount_refunded` of the capture's own snapshot, later it is not."""
    released = PARTLY_CAPTURED[name][2] if version < RELEASES_UNTIL else 0
    captures = [c for c in _charges(name, version) if c["captured"]]

    assert captures[0]["amount_refunded"] == released


@pytest.mark.parametrize("name", ["authorisation_voided", "authorisation_expired"])
def test_a_lapsed_hold_is_a_refund_until_2025_03_31(name: str) -> None:
    """Since then only the PaymentIntent, and the type `charge.expired`, tell of it."""
    types = {v: [e["type"] for e in story(name, api_version=v).events] for v in (ACACIA, BASIL)}

    assert {"charge.refunded", "refund.created"} <= set(types[ACACIA])
    assert not {"charge.refunded", "refund.created"} & set(types[BASIL])
    assert types[BASIL] == [t for t in types[ACACIA] if "refund" not in t]
    assert [len(rows_of("refunds", name, v)) for v in (ACACIA, BASIL)] == [1, 0]
    assert {row_of("orders", name, v)["status"] for v in (ACACIA, BASIL)} == {"canceled"}


def test_events_of_one_story_agree_whatever_their_versions() -> None:
    """The request's version decides, so that mixed events never differ about a release."""
    seen = set()
    for index in range(12):
        events = story(
            "authorised_then_partly_captured", index=index, api_version=API_VERSIONS
        ).events
        objects = [event["data"]["object"] for event in events]
        charges = [o for o in objects if o["object"] == "charge" and o["captured"]]
        released = {c["amount_refunded"] - (1_000 if c is not charges[0] else 0) for c in charges}

        assert len(released) == 1
        seen |= released

    assert seen == {0, 4_000}


def test_a_capture_in_parts_is_paid_from_its_first_part_on() -> None:
    """The first part is a `charge.updated` of a charge that is not `captured` yet."""
    history = story("captured_in_parts")
    first = next(e for e in history.events if e["type"] == "charge.updated")["data"]

    assert (first["object"]["captured"], first["object"]["amount_captured"]) == (False, 4_000)
    assert first["previous_attributes"]["amount_captured"] == 0
    assert values_over_time(history, "orders", "amount_received") == [0, 4_000, 7_500]
    assert values_over_time(history, "orders", "amount_capturable") == [0, 9_000, 5_000, 0]
    assert values_over_time(history, "orders", "status")[1:] == [
        "authorized",
        "paid",
        "partially_refunded",
    ]


def test_a_refund_may_be_told_by_itself_alone() -> None:
    """No charge shows it: only an endpoint that has the refund's own events knows."""
    name = "partly_captured_refund_told_by_itself"
    types = [event["type"] for event in story(name).events]

    assert "refund.created" in types and "charge.refunded" not in types
    assert row_of("orders", name)["amount_refunded"] == 1_500
    assert row_of("orders", name, "2022-11-15")["amount_refunded"] == 0


def test_a_later_refund_that_fails_leaves_the_earlier_one() -> None:
    """It is counted while it is pending, and is gone when it has failed."""
    history = story("later_refund_fails")

    assert values_over_time(history, "orders", "amount_refunded") == [0, 3_000, 5_000, 3_000]


def test_a_charge_expires_by_the_type_of_its_event_alone() -> None:
    """Its snapshot is that of an authorization, before and after."""
    name = "authorised_charge_expires"
    first, last = _charges(name, BASIL)

    assert first == last
    assert values_over_time(story(name), "orders", "status") == ["authorized", "canceled"]


def test_no_other_story_has_released_money() -> None:
    """What differs between the versions before and since is these stories alone."""
    differing = {
        name
        for name in STORIES
        if {r["id"] for r in rows_of("refunds", name, ACACIA)}
        != {r["id"] for r in rows_of("refunds", name, BASIL)}
    }

    assert differing == {
        "authorisation_expired",
        "authorisation_voided",
        "authorised_then_partly_captured",
        "captured_in_parts",
        "partly_captured_refund_fails",
        "partly_captured_refund_told_by_itself",
    }
