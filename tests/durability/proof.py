"""What must be true of a ledger afterwards, whatever was done to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger import Entry, Ledger, verify
from projections import Projections
from tests.cli.processes import eventually
from tests.durability.traffic import Traffic


@contextmanager
def opened(url: str) -> Iterator[tuple[Ledger, Projections]]:
    """A ledger's stores, beside the server that works with them."""
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    yield ledger, projections
    projections.close()
    ledger.close()


def entries(ledger: Ledger) -> list[Entry]:
    """The whole log."""
    found: list[Entry] = []
    while more := ledger.log.after(len(found), 2000):
        found += more
    return found


def prove(url: str, traffic: Traffic) -> None:
    """All that was sent is in the log once, as it was acknowledged, and all is concluded."""
    with opened(url) as (ledger, projections):
        log = entries(ledger)
        assert traffic.faults == []
        assert [entry.position for entry in log] == list(range(1, len(log) + 1))
        assert len({entry.event_id for entry in log}) == len(log)
        assert {entry.event_id: entry.body for entry in log} == traffic.sent
        told = {event_id: sorted(places) for event_id, places in traffic.positions.items()}
        assert told == {entry.event_id: [entry.position] for entry in log}
        assert [event_id for event_id, times in traffic.stored.items() if times > 1] == []
        assert verify(ledger).problems == []
        concluded(projections)


def concluded(projections: Projections) -> None:
    """The server's own follower reaches the end of the log, and its rows are those of a rebuild."""
    eventually(
        lambda: {state.lag_events for state in projections.states()} == {0}, "the log is read"
    )
    assert projections.check() == []
