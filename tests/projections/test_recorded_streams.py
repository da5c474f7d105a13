"""Recorded events of other projects, when they are at hand: nothing fails, and drivers agree."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import Delivery, Ledger, read_delivery, verify
from projections import Projections

SAMPLES = Path(__file__).parents[3] / "shared" / "stripe"

pytestmark = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the sample events of ../shared/stripe are not at hand"
)


def recorded() -> list[dict[str, Any]]:
    """All sample events, each with an event id of its own."""
    events: list[dict[str, Any]] = []
    for folder in ("recorded", "shapes", "sequences"):
        for path in sorted((SAMPLES / folder).rglob("*.json")):
            document = json.loads(path.read_text())
            listed = document["data"] if document.get("object") == "list" else [document]
            events += listed[::-1]
    return [{**event, "id": f"evt_recorded{number}"} for number, event in enumerate(events)]


def delivered(ledger: Ledger, events: list[dict[str, Any]]) -> None:
    for start in range(0, len(events), 100):
        bodies = [json.dumps(event).encode() for event in events[start : start + 100]]
        ledger.append([Delivery(body, "webhook", 1, read_delivery(body)) for body in bodies])


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    ledger = Ledger.open(store_url, create=True)
    yield ledger
    ledger.close()


def test_recorded_events_fold_without_a_dead_letter(ledger: Ledger) -> None:
    """Every recorded event is stored, none is a dead letter, and live rows equal a fresh fold."""
    events = recorded()
    random.Random(7).shuffle(events)
    delivered(ledger, events)
    projections = Projections.open(ledger)
    projections.create()
    while projections.follow():
        pass

    assert ledger.log.head().position == len(events)
    assert projections.dead_letters().items == []
    assert projections.check() == []
    assert verify(ledger).problems == []

    projections.rebuild()
    assert projections.check() == []
    projections.close()
