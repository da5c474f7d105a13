"""The stories: made again from a seed, told in every version, in Stripe's envelope."""

from __future__ import annotations

import itertools
import re
import statistics
from typing import Any

import msgspec
import pytest

from api.simulator import API_VERSIONS, STORIES, Story, body, histories, story
from api.simulator.context import difference
from api.simulator.versions import TYPES_SINCE

EVERY = sorted(STORIES)
MIXED = "mixed"
CHANGED_SILENTLY = {"refund_fails_and_is_repeated"}
"""Where an object changes without an event: a failed refund lowers its charge's amount."""


def _in(name: str, version: str) -> Story:
    return story(name, api_version=API_VERSIONS if version == MIXED else version)


def test_every_file_of_stories_is_found() -> None:
    """Stories are found where they are written; there are some of every theme."""
    for name in ("dispute_won", "invoice_voided", "payout_reversed", "full_refund", "two_accounts"):
        assert name in STORIES


def test_the_same_seed_tells_the_same_story() -> None:
    """The events of a seed are equal to the byte when they are made again."""
    first = [body(e) for s in histories(7, 80) for e in s.events]
    again = [body(e) for s in histories(7, 80) for e in s.events]

    assert first == again


def test_ids_are_unique_across_seeds_and_stories() -> None:
    """No event id and no object id comes in two stories."""
    seen: set[str] = set()
    for told in (*histories(1, 130), *histories(2, 130)):
        ids = {e["id"] for e in told.events}
        objects = {e["data"]["object"]["id"] for e in told.events}

        assert len(ids) == len(told.events)
        assert not seen & (ids | objects)
        seen |= ids | objects


def test_the_version_changes_the_bodies_but_not_the_world() -> None:
    """An event has the same id, type and second in every version that has its type."""
    for name in EVERY:
        newest = {e["id"]: (e["type"], e["created"]) for e in _in(name, API_VERSIONS[-1]).events}
        for version in API_VERSIONS:
            for event in _in(name, version).events:
                assert newest[event["id"]] == (event["type"], event["created"])


@pytest.mark.parametrize("version", [*API_VERSIONS, MIXED])
def test_every_version_tells_every_story(version: str) -> None:
    """Each story has events in each version, all of them JSON in Stripe's envelope."""
    for name in EVERY:
        told = _in(name, version)

        assert told.events
        for event in told.events:
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
    assert event["data"]["object"]["object"] in event["type"].replace("customer.", "").replace(
        "charge.dispute", "dispute"
    ).replace("account.application", "application")


@pytest.mark.parametrize("version", API_VERSIONS)
def test_previous_attributes_agree_with_the_snapshot_before(version: str) -> None:
    """What a body says a field was is what the body before said it is."""
    for name in sorted(STORIES.keys() - CHANGED_SILENTLY):
        for before, event in _successive(_in(name, version)):
            was = event["data"].get("previous_attributes", {})
            seen = before["data"]["object"]
            wrong = {k for k, v in was.items() if _scalar(v) and seen.get(k) != v}

            assert not wrong, (name, event["type"])


def test_every_update_says_what_it_changed() -> None:
    """An `*.updated` event that follows another of its object names at least one old value."""
    for name in EVERY:
        for before, event in _successive(_in(name, API_VERSIONS[-1])):
            if event["type"].endswith(".updated") and before["created"] < event["created"]:
                assert event["data"]["previous_attributes"], (name, event["type"])


def _successive(told: Story) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each event with the one before it of its object, without those that changed nothing."""
    pairs = []
    for _, group in itertools.groupby(
        sorted(told.events, key=lambda e: str(e["data"]["object"]["id"])),
        key=lambda e: e["data"]["object"]["id"],
    ):
        events = list(group)
        pairs += [
            (a, b)
            for a, b in itertools.pairwise(events)
            if a["data"]["object"] != b["data"]["object"]
        ]
    return pairs


def _scalar(value: object) -> bool:
    return not isinstance(value, dict | list)


def test_a_difference_has_whole_lists_and_only_the_changed_keys_of_hashes() -> None:
    """`previous_attributes` are made as Stripe makes them."""
    old = {"a": 1, "b": {"x": 1, "y": 2}, "c": [1, 2], "d": None}
    new = {"a": 1, "b": {"x": 1, "y": 3}, "c": [1, 3], "d": 4}

    assert difference(old, new) == {"b": {"y": 2}, "c": [1, 2], "d": None}


def test_bodies_are_as_large_as_stripes() -> None:
    """Half of the bodies have between 1.5 and 6 KB, and none is absurd."""
    sizes = [len(body(e)) for s in histories(3, 256) for e in s.events]
    low, median, high = statistics.quantiles(sizes, n=4)

    assert 1_500 < low < median < high < 6_000
    assert max(sizes) < 20_000


def test_histories_mix_accounts_modes_and_versions() -> None:
    """A long mix has connected accounts, both modes, every version, and stories in several."""
    told = list(histories(5, 256))
    events = [e for s in told for e in s.events]

    assert {e["livemode"] for e in events} == {True, False}
    assert {"account" in e for e in events} == {True, False}
    assert {e["api_version"] for e in events} == set(API_VERSIONS)
    assert any(len({e["api_version"] for e in s.events}) > 1 for s in told)
