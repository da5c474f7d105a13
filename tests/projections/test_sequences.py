"""Lists of events as others recorded them: their order can be lost without losing anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger import verify
from tests.projections.histories import Json, Store, rows, shuffled, unique

SEQUENCES = Path(__file__).parents[3] / "shared" / "stripe" / "sequences"
SHUFFLES = 50

pytestmark = pytest.mark.skipif(
    not SEQUENCES.exists(), reason="the recorded lists of ../shared/stripe are not at hand"
)


def recorded(path: Path) -> list[Json]:
    """The events of a list, oldest first; Stripe lists the newest first."""
    events: list[Json] = json.loads(path.read_text())["data"][::-1]
    return events


@pytest.mark.parametrize("path", sorted(SEQUENCES.glob("*.json")), ids=lambda path: path.stem)
def test_a_recorded_list_shuffled_gives_the_same_rows(path: Path) -> None:
    """Fifty orders with repetitions give the rows of the order in which it was recorded."""
    events = recorded(path)
    expected = rows(events)

    for seed in range(SHUFFLES):
        assert rows(unique(shuffled(events, seed))) == expected


def test_all_recorded_lists_through_the_store(store: Store) -> None:
    """All lists at once, shuffled and repeated, end like the fold of their recorded order."""
    events = unique(
        [event for path in sorted(SEQUENCES.glob("*.json")) for event in recorded(path)]
    )
    store.deliver(shuffled(events, seed=1))

    assert store.rows() == rows(events)
    assert store.projections.check() == []
    assert verify(store.ledger).problems == []
