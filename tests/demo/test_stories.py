"""The stories: reproducible from a seed, in every API version, in Stripe's envelope."""

from __future__ import annotations

import itertools
import re
import statistics
from typing import Any

import msgspec
import pytest

from api.simulator import (
    API_VERSIONS,
    STORIES,
    TYPES_SINCE,
    Story,
    body,
    histories,
    previous_attributes,
    story,
)

NAMES = sorted(STORIES)
MIXED = "mixed"
CHANGED_WITHOUT_EVENT = {"refund_fails_and_is_repeated"}
"""Stories where an object changes without an event: a failed refund lowers its charge's amount."""


def _in(name: str, version: str) -> Story:
    return story(name, api_version=API_VERSIONS if version == MIXED else version)


def test_stories_of_every_module_are_found() -> None:
    """The stories of every module are in `STORIES`."""
    for name in ("dispute_won", "invoice_voided", "payout_reversed", "full_refund", "two_accounts"):
        assert name in STORIES


def test_the_same_seed_gives_the_same_histories() -> None:
    """The events of a seed are the same bytes when they are generated again."""
    first = [body(e) for s in histories(7, 80) for e in s.events]
    again = [body(e) for s in histories(7, 80) for e in s.events]

    assert first == again


def test_ids_are_unique_across_seeds_and_stories() -> None:
    """No event id and no object id occurs in two stories."""
    seen: set[str] = set()
    for history in (*histories(1, 130), *histories(2, 130)):
        ids = {e["id"] for e in history.events}
        objects = {
            e["data"]["object"]["id"]
            for e in history.events
            # A capability's id is its name.
            if e["data"]["object"]["object"] != "capability"
        }

        assert len(ids) == len(history.events)
        assert not seen & (ids | objects)
        seen |= ids | objects


def test_the_version_changes_the_bodies_but_not_the_world() -> None:
    """An event has the same id, type and second in every version that has its type."""
    for name in NAMES:
        first: dict[str, tuple[str, int]] = {}
        for version in API_VERSIONS:
            for event in _in(name, version).events:
                facts = (event["type"], event["created"])
                assert first.setdefault(event["id"], facts) == facts


@pytest.mark.parametrize("version", [*API_VERSIONS, MIXED])
def test_every_story_has_events_in_every_version(version: str) -> None:
    """Each story has events in each version, all of them JSON in Stripe's envelope."""
    for name in NAMES:
        history = _in(name, version)

        assert history.events
        for event in history.events:
            assert msgspec.json.decode(body(event)) == event
            _assert_envelope(event, version)


def _assert_envelope(event: dict[str, Any], version: str) -> None:
    assert event["object"] == "event"
    assert re.fullmatch(r"evt_[13][0-9A-Za-z]{23}", event["id"])
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", event["type"])
    assert isinstance(event["created"], int) and isinstance(event["livemode"], bool)
    assert version in (event["api_version"], MIXED)
    assert event["api_version"][:10] >= TYPES_SINCE.get(event["type"], "")
    assert set(event["request"]) == {"id", "idempotency_key"}
    name = event["data"]["object"]["object"]
    assert name in event["type"] or event["type"] == "application_fee.refund.updated"


@pytest.mark.parametrize("version", API_VERSIONS)
def test_previous_attributes_agree_with_the_snapshot_before(version: str) -> None:
    """The old value of a field in `previous_attributes` is that of the snapshot before."""
    for name in sorted(STORIES.keys() - CHANGED_WITHOUT_EVENT):
        for before, event in _successive(_in(name, version)):
            previous = event["data"].get("previous_attributes", {})
            snapshot = before["data"]["object"]
            wrong = {k for k, v in previous.items() if _is_scalar(v) and snapshot.get(k) != v}

            assert not wrong, (name, event["type"])


def test_every_update_has_previous_attributes() -> None:
    """An `*.updated` event that follows another of its object has at least one old value."""
    for name in NAMES:
        for before, event in _successive(_in(name, API_VERSIONS[-1])):
            if event["type"].endswith(".updated") and before["created"] < event["created"]:
                assert event["data"]["previous_attributes"], (name, event["type"])


def _successive(history: Story) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return pairs of successive events of an object whose snapshots differ."""
    pairs = []
    for _, group in itertools.groupby(
        sorted(history.events, key=_identity),
        key=_identity,
    ):
        events = list(group)
        pairs += [
            (a, b)
            for a, b in itertools.pairwise(events)
            if a["data"]["object"] != b["data"]["object"]
        ]
    return pairs


def _identity(event: dict[str, Any]) -> tuple[str, str]:
    # A price and its plan have the same id.
    stripe_object = event["data"]["object"]
    return stripe_object["object"], stripe_object["id"]


def _is_scalar(value: object) -> bool:
    return not isinstance(value, dict | list)


def test_a_difference_has_whole_lists_and_only_the_changed_keys_of_hashes() -> None:
    """`previous_attributes` has the form that Stripe gives it."""
    old = {"a": 1, "b": {"x": 1, "y": 2}, "c": [1, 2], "d": None}
    new = {"a": 1, "b": {"x": 1, "y": 3}, "c": [1, 3], "d": 4}

    assert previous_attributes(old, new) == {"b": {"y": 2}, "c": [1, 2], "d": None}


def test_bodies_are_as_large_as_stripes() -> None:
    """Half of the bodies have between 1.5 and 6 KB, and none is absurd."""
    sizes = [len(body(e)) for s in histories(3, 256) for e in s.events]
    low, median, high = statistics.quantiles(sizes, n=4)

    assert 1_500 < low < median < high < 6_000
    assert max(sizes) < 20_000


def test_histories_mix_accounts_modes_and_versions() -> None:
    """A long mix has connected accounts, both modes, every version, and stories in several."""
    stories = list(histories(5, 256))
    events = [event for history in stories for event in history.events]

    assert {e["livemode"] for e in events} == {True, False}
    assert {"account" in e for e in events} == {True, False}
    assert {e["api_version"] for e in events} == set(API_VERSIONS)
    assert any(len({e["api_version"] for e in history.events}) > 1 for history in stories)
