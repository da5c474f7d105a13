"""What must be true of a ledger after a test, whatever the test did to its processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger import Ledger, RecordedEvent, verify
from projections import Projections
from tests.cli.processes import eventually
from tests.durability.traffic import Traffic


@contextmanager
def opened(url: str) -> Iterator[tuple[Ledger, Projections]]:
    """Open a ledger's stores, while a server may use them."""
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    yield ledger, projections
    projections.close()
    ledger.close()


def entries(ledger: Ledger) -> list[RecordedEvent]:
    """Every event of the log, in position order."""
    events: list[RecordedEvent] = []
    while more := ledger.log.after(len(events), 2000):
        events += more
    return events


def prove(url: str, traffic: Traffic) -> None:
    """Check that the log has all that was sent, once, as it was acknowledged, and is projected."""
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
        check_projections(projections)


def check_projections(projections: Projections) -> None:
    """Check that the follower reaches the log's end, and its rows are those of a rebuild."""
    eventually(
        lambda: {state.lag_events for state in projections.states()} == {0}, "the log is read"
    )
    differences = projections.check()
    assert not differences, differences[:5]
