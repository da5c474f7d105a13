"""Export: the log as lines of JSON, from which the same log can be made again."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.attached import Attached, Members
from ledger.entry import Tally
from ledger.errors import ExportFailed
from ledger.recorded import RecordedEvent
from ledger.store import Ledger

__all__ = ["export_lines"]


def export_lines(ledger: Ledger, attached: Attached | None = None) -> Iterator[bytes]:
    """The log, one JSON object per line, quarantine included, up to its end at the start.

    What is ``attached`` to it comes along on the same lines.

    The last line is the end: position, chain and number of the entries. Where a row contradicts
    the chain, the lines of all rows come, but no end: ``ExportFailed`` is raised, so that no export
    of a damaged log passes for a good one.
    """
    end, tally = ledger.log.head(), Tally()
    damaged: int | None = None
    for event, members in _events(ledger, end.position, attached):
        if event.position != tally.position + 1:
            damaged = damaged or tally.position + 1
        tally.add(
            event.position,
            event.event_id,
            event.type,
            event.received_at,
            event.source,
            event.body,
        )
        if ledger.log.is_verbatim and tally.chain != event.chain:
            damaged = damaged or event.position
        yield tally.entry_line(event, members)
    if tally.position != end.position:
        damaged = damaged or tally.position + 1
    if damaged is not None:
        raise ExportFailed(
            f"position {damaged}: the log does not match its chain, see `ledger verify`; the export"
            " has no end, and only `ledger import --partial` takes it"
        )
    yield tally.end_line({} if attached is None else attached.of_end())


def _events(
    ledger: Ledger, end: int, attached: Attached | None
) -> Iterator[tuple[RecordedEvent, Members]]:
    position = 0
    while position < end:
        upto = ledger.log.end_of_batch(position, end)
        members = {} if attached is None else attached.of_entries(position, upto)
        for event in ledger.log.scan(position, upto):
            yield event, members.get(event.position, {})
        position = upto
