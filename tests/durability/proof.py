"""What must be true of a ledger afterwards, whatever was done to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger import Ledger, RecordedEvent, verify
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


def entries(ledger: Ledger) -> list[RecordedEvent]:
    """The whole log."""
    events: list[RecordedEvent] = []
    while more := ledger.log.after(len(events), 2000):
        events += more
    return events


def prove(url: str, traffic: Traffic) -> None:
    """All that was sent is in the log once, as it was acknowledged, and all is concluded."""
    with opened(url) as (ledger, projections):
        log = entries(ledger)
        assert not traffic.faults, traffic.faults[:5]
        assert [entry.position for entry in log] == list(range(1, len(log) + 1))
        assert len({entry.event_id for entry in log}) == len(log)
        stored = {entry.event_id: entry for entry in log}
        positions = traffic.positions
        assert not (lost := positions.keys() - stored.keys()), f"acknowledged and lost: {lost}"
        assert not (extra := stored.keys() - traffic.sent.keys()), f"never sent: {extra}"
        assert not (never := traffic.sent.keys() - positions.keys()), f"never acknowledged: {never}"
        moved = [name for name, places in positions.items() if places != {stored[name].position}]
        assert not moved, f"not where it was said to be: {moved}"
        altered = [name for name, entry in stored.items() if entry.body != traffic.sent[name]]
        assert not altered, f"not as it was sent: {altered}"
        twice = [name for name, times in traffic.stored.items() if times > 1]
        assert not twice, f"said to be new more than once: {twice}"
        problems = verify(ledger).problems
        assert not problems, problems
        concluded(projections)


def concluded(projections: Projections) -> None:
    """The server's own follower reaches the end of the log, and its rows are those of a rebuild."""
    eventually(
        lambda: {state.lag_events for state in projections.states()} == {0}, "the log is read"
    )
    differences = projections.check()
    assert not differences, differences[:5]
