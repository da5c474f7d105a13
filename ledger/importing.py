"""Import: appends the lines of an export, or Stripe events, one per line."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from ledger.attached import Members, Restore
from ledger.entry import END, END_MEMBERS, ENTRY, Tally, delivery_of, named, read_document
from ledger.errors import ImportRefused
from ledger.event import Delivery, Quarantined, read_delivery
from ledger.lines import Line, read_lines
from ledger.store import Appended, Ledger

__all__ = ["Gate", "Imported", "import_file"]

_BATCH = 200
_BATCH_BYTES = 8 << 20

_EXPORT_BEGINS = re.compile(rb'\s*\{\s*"object"\s*:\s*"ledger\.(entry|end)"')


@dataclass(frozen=True, slots=True)
class Gate:
    """What plain events must pass, as deliveries do: their mode (None: any) and their size."""

    livemode: bool | None = None
    max_body: int = 1 << 20


@dataclass(slots=True)
class Imported:
    """How many lines were stored, known already, quarantined or refused."""

    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    errors: int = 0


def import_file(
    ledger: Ledger,
    file: BinaryIO,
    *,
    gate: Gate = Gate(),
    partial: bool = False,
    on_error: Callable[[int, str], None] = lambda number, reason: None,
    clock: Callable[[], float] = time.time,
    restore: Restore | None = None,
) -> Imported:
    """Append an export or plain Stripe events, one per line; known ones are skipped.

    An export is read to its end before anything is written: if it is cut off, altered or has
    holes, ``ImportRefused`` names the line. Into an empty ledger it gives the same bytes, times,
    positions and chain. With ``partial``, and among plain events, each line is judged by itself:
    ``on_error`` is called with the number of a line that is refused and the reason, and the import
    goes on. ``clock`` gives Unix seconds, the time at which plain events are received. ``restore``
    gets the lines of a whole export that has something attached, once its log is there; None where
    the log is another one.
    """
    imported = Imported()
    if partial or not _begins_as_export(file):

        def refuse(number: int, reason: str) -> None:
            imported.errors += 1
            on_error(number, reason)

        lines = read_lines(file, gate.max_body)
        _append(ledger, imported, _each(lines, gate, partial, refuse, clock))
        return imported
    with _rewindable(file) as whole:
        start, end = whole.tell(), dict[str, Any]()
        for _ in _exported(read_lines(whole, gate.max_body), end, "; nothing was imported"):
            pass
        whole.seek(start)
        # Judged once more on the way: somebody may write to the file meanwhile.
        _append(ledger, imported, _exported(read_lines(whole, gate.max_body), end))
        if restore is not None and end.keys() > END_MEMBERS:
            whole.seek(start)
            is_same = _is_log_of(ledger, end)
            restore(_documents(read_lines(whole, gate.max_body)) if is_same else None)
    return imported


def _is_log_of(ledger: Ledger, end: Members) -> bool:
    """Whether the log is the one that was exported, and nothing else."""
    head = ledger.log.head()
    has_chain = not ledger.log.is_verbatim or head.chain.hex() == end["chain"]
    return head.position == end["position"] and has_chain


def _documents(lines: Iterator[Line]) -> Iterator[Members]:
    for _, text in lines:
        if text is not None:
            yield read_document(text)


def _begins_as_export(file: BinaryIO) -> bool:
    if file.seekable():
        start = file.tell()
        beginning = file.read(256)
        file.seek(start)
    else:
        assert isinstance(file, io.BufferedReader)
        beginning = file.peek(256)
    return _EXPORT_BEGINS.match(beginning) is not None


@contextmanager
def _rewindable(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file, or a copy of what comes out of a pipe, which cannot be read twice."""
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _exported(lines: Iterator[Line], end: dict[str, Any], suffix: str = "") -> Iterator[Delivery]:
    """The deliveries of a whole export; raises ``ImportRefused`` where it is not whole.

    ``end`` gets the members of its last line.
    """
    tally, is_ended, number = Tally(), False, 0
    try:
        for line in lines:
            number, text = line
            if is_ended:
                raise ImportRefused("something follows the end of the export")
            if text is None:
                raise ImportRefused("the line is too long")
            document = read_document(text)
            if document.get("object") == END:
                tally.check_end(document)
                is_ended = True
                end.update(document)
            elif document.get("object") == ENTRY:
                delivery = delivery_of(document)
                tally.check_entry(document, delivery)
                yield delivery
            else:
                raise ImportRefused("the line is no entry of an export")
        if not is_ended:
            number += 1
            raise ImportRefused("the end of the export is missing; it was cut off")
    except ImportRefused as refused:
        raise ImportRefused(
            f"line {number}: {refused}{suffix}; --partial takes every line that can be read"
        ) from None


def _each(
    lines: Iterator[Line],
    gate: Gate,
    partial: bool,
    refuse: Callable[[int, str], None],
    clock: Callable[[], float],
) -> Iterator[Delivery]:
    """The deliveries of those lines that can be read, each judged by itself."""
    for number, text in lines:
        try:
            if text is None:
                raise ImportRefused("the line is too long")
            name = named(text)
            if name not in (ENTRY, END):
                yield _plain(text, gate, clock)
            elif not partial:
                raise ImportRefused("a line of an export among plain events; use --partial")
            elif name == ENTRY:
                yield delivery_of(read_document(text))
        except ImportRefused as refused:
            refuse(number, str(refused))


def _plain(body: bytes, gate: Gate, clock: Callable[[], float]) -> Delivery:
    if len(body) > gate.max_body:
        raise ImportRefused(f"the event is longer than {gate.max_body} bytes (LEDGER_MAX_BODY)")
    fact = read_delivery(body, livemode=gate.livemode)
    if isinstance(fact, Quarantined):
        raise ImportRefused(f"the line is no Stripe event of this ledger: {fact.reason}")
    return Delivery(body, "import", int(clock() * 1_000_000), fact)


def _append(ledger: Ledger, imported: Imported, deliveries: Iterator[Delivery]) -> None:
    batch: list[Delivery] = []
    size = 0
    for delivery in deliveries:
        batch.append(delivery)
        size += len(delivery.body)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            _count(imported, ledger.append(batch))
            batch, size = [], 0
    if batch:
        _count(imported, ledger.append(batch))


def _count(imported: Imported, results: list[Appended]) -> None:
    for appended in results:
        setattr(imported, appended.status, getattr(imported, appended.status) + 1)
