"""What an import takes: whole exports or nothing of them, and events that would get in anyway."""

from __future__ import annotations

import io
import json
import os
import threading
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from api.commands.output import utc_text
from ledger import (
    ExportFailed,
    Gate,
    Imported,
    ImportRefused,
    Ledger,
    export_lines,
    import_file,
    verify,
)
from tests.conftest import FreshDatabase
from tests.ledger.deliveries import behind_the_triggers, body, delivered, fill, imported_lines

Lines = list[bytes]


def edited(line: bytes, **values: Any) -> bytes:
    """An exported line with other values."""
    return json.dumps({**json.loads(line), **values}, separators=(",", ":")).encode() + b"\n"


def without(lines: Lines, index: int) -> Lines:
    return lines[:index] + lines[index + 1 :]


# Of an export of 17 entries: how it was spoilt, and the line that is named.
SPOILT: dict[str, tuple[Callable[[Lines], Lines], int]] = {
    "no end": (lambda lines: lines[:-1], 18),
    "half": (lambda lines: lines[:8], 9),
    "cut within a line": (lambda lines: [*lines[:8], lines[8][:100]], 9),
    "the first missing": (lambda lines: lines[1:], 1),
    "one missing": (lambda lines: without(lines, 5), 6),
    "only its end": (lambda lines: lines[-1:], 1),
    "twice": (lambda lines: lines * 2, 19),
    "one twice": (lambda lines: [*lines[:6], *lines[5:]], 7),
    "swapped": (lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]], 6),
    "another time": (lambda lines: [*lines[:2], edited(lines[2], received_at=5), *lines[3:]], 3),
    "another source": (
        lambda lines: [*lines[:2], edited(lines[2], source="import"), *lines[3:]], 3
    ),
    "another reason": (
        lambda lines: [*lines[:8], edited(lines[8], reason="wrong_mode"), *lines[9:]], 9
    ),
    "another body": (
        lambda lines: [
            *lines[:2], edited(lines[2], body_base64=b64encode(body(99)).decode()), *lines[3:]
        ],
        3,
    ),
    "an event between": (lambda lines: [*lines[:4], body(50) + b"\n", *lines[4:]], 5),
    "garbage between": (lambda lines: [*lines[:4], b"\x00\xff\n", *lines[4:]], 5),
    "another chain at the end": (
        lambda lines: [*lines[:-1], edited(lines[-1], chain="00" * 32)], 18
    ),
    "another count at the end": (lambda lines: [*lines[:-1], edited(lines[-1], count=16)], 18),
    "something behind the end": (lambda lines: [*lines, b"{}\n"], 19),
}  # fmt: skip


@pytest.fixture
def exported(fresh_database: FreshDatabase) -> Lines:
    """The export of a log with rows of every sort."""
    source = Ledger.open(fresh_database("sqlite"), create=True)
    fill(source)
    lines = list(export_lines(source))
    source.close()
    assert len(lines) == 18
    return lines


def test_an_export_that_is_not_whole_is_refused_and_nothing_written(
    ledger: Ledger, exported: Lines
) -> None:
    """Cut off, with holes or altered: the line is named, and the log stays as it was."""
    for name, (spoil, number) in SPOILT.items():
        with pytest.raises(ImportRefused, match=f"^line {number}:.*nothing was imported"):
            imported_lines(ledger, spoil(exported))
        assert ledger.log.head().position == 0, name


def test_what_is_left_of_an_export_is_taken_when_asked(ledger: Ledger, exported: Lines) -> None:
    """With --partial every line is judged by itself."""
    errors: list[int] = []
    lines = [*exported[3:8], b"garbage\n", edited(exported[8], source="?"), *exported[9:11]]
    imported = imported_lines(
        ledger, lines, partial=True, on_error=lambda number, _: errors.append(number)
    )

    assert errors == [6, 7]
    assert imported.stored + imported.quarantined == 7
    assert imported_lines(ledger, exported).duplicate == 7
    assert verify(ledger).problems == []


def test_an_export_through_a_pipe_is_judged_first_as_well(ledger: Ledger, exported: Lines) -> None:
    """What cannot be read twice is copied before anything is written."""
    for lines, expected in ((exported[:-1], 0), (exported, 17)):
        reading, writing = os.pipe()
        with open(reading, "rb") as source, open(writing, "wb") as sink:
            thread = threading.Thread(target=lambda s=sink, t=lines: (s.writelines(t), s.close()))
            thread.start()
            if expected:
                import_file(ledger, source)
            else:
                with pytest.raises(ImportRefused, match=r"^line 18:"):
                    import_file(ledger, source)
            thread.join()
        assert ledger.log.head().position == expected


def test_entries_keep_what_was_recorded(ledger: Ledger, exported: Lines) -> None:
    """Type, reason, time and source are the recorded ones, whatever the gate is set to."""
    imported_lines(ledger, exported, gate=Gate(livemode=True, max_body=1024))

    assert list(export_lines(ledger)) == exported
    assert {event.source for event in ledger.log.after(0, 100)} == {"webhook"}


def test_a_damaged_log_is_exported_without_an_end(ledger: Ledger) -> None:
    """Its export is no good one: it names the position, and only --partial takes it."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("UPDATE ledger_events SET received_at = 5 WHERE id = 4"))
        connection.execute(text("DELETE FROM ledger_events WHERE id = 9"))
    lines: Lines = []
    with pytest.raises(ExportFailed, match=r"^position 4:"):
        lines.extend(export_lines(ledger))

    assert len(lines) == 16


def test_an_export_of_nothing_is_whole(ledger: Ledger) -> None:
    """An empty log has an end too."""
    [end] = export_lines(ledger)

    assert json.loads(end) == {
        "object": "ledger.end", "position": 0, "chain": "00" * 32, "count": 0
    }  # fmt: skip
    assert imported_lines(ledger, [end]) == Imported()


def test_plain_events_are_imported_and_wrong_lines_are_reported(ledger: Ledger) -> None:
    """One Stripe event per line; any other line is an error with its number."""
    errors: list[int] = []
    lines = [
        body(1) + b"\n",
        b"\n",
        b"no json\n",
        body(2) + b"\r\n",
        b'{"object": "ledger.entry"}\n',
        b"[1, 2]\n",
        body(1, type="charge.updated"),
    ]
    imported = imported_lines(ledger, lines, on_error=lambda number, _: errors.append(number))

    assert imported == Imported(stored=2, quarantined=1, errors=3)
    assert errors == [3, 5, 6]
    events = ledger.log.after(0, 10)
    assert [event.source for event in events] == ["import"] * 3
    assert events[0].body == body(1)


def test_plain_events_pass_the_gate_of_deliveries(ledger: Ledger) -> None:
    """Their mode and size are those that a delivery may have."""
    reasons: dict[int, str] = {}
    large = body(4, metadata={"text": "x" * 2000})
    lines = [body(number) + b"\n" for number in (1, 2, 3)] + [large]
    imported = imported_lines(
        ledger, lines, gate=Gate(livemode=True, max_body=1024), on_error=reasons.__setitem__
    )

    assert imported == Imported(stored=1, errors=3)
    assert "wrong_mode" in reasons[1]
    assert "wrong_mode" in reasons[3]
    assert "too long" in reasons[4]


@pytest.mark.parametrize("size", [1023, 1024, 1025])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_limit_of_an_event_is_exact(ledger: Ledger, size: int, end: bytes) -> None:
    """A body of the maximum size is taken, one byte more is not, whatever ends the line."""
    padding = "x" * (size - len(body(2, metadata={"text": ""})))
    line = body(2, metadata={"text": padding})
    assert len(line) == size
    imported = imported_lines(ledger, [line, end], gate=Gate(max_body=1024))

    assert imported == (Imported(stored=1) if size <= 1024 else Imported(errors=1))


class _Endless(io.RawIOBase):
    """A line of many megabytes, then an event."""

    def __init__(self, beginning: bytes, megabytes: int) -> None:
        self._parts = iter([beginning, *[b"x" * (1 << 20)] * megabytes, b"\n" + body(2)])
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._parts, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


@pytest.mark.parametrize(
    ("beginning", "megabytes", "memory_max"),
    [(b"x", 300, 20), (b'{"object":"ledger.entry",', 300, 250)],
    ids=["garbage", "an entry"],
)
def test_a_line_without_end_is_refused_without_being_read_into_memory(
    fresh_database: FreshDatabase, beginning: bytes, megabytes: int, memory_max: int
) -> None:
    """No line takes more memory than the longest one that can be meant; the next one is taken."""
    ledger = Ledger.open(fresh_database("sqlite"), create=True)
    tracemalloc.start()
    file = io.BufferedReader(_Endless(beginning, megabytes))
    imported = import_file(ledger, file, partial=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert imported == Imported(stored=1, errors=1)
    assert peak < memory_max << 20
    ledger.close()


@pytest.mark.parametrize("key", ["received_at", "source", "body_base64"])
def test_a_line_that_lacks_something_is_refused(ledger: Ledger, key: str) -> None:
    """A line must have every field that the log needs."""
    ledger.append([delivered(body(1))])
    line = json.loads(next(export_lines(ledger)))
    del line[key]

    assert imported_lines(ledger, [json.dumps(line).encode()], partial=True).errors == 1


@pytest.mark.parametrize(
    "received_at", [-1, 253_370_764_800_000_001, 2**62, 2**63, 10**30, 1.5, True, None, "5"]
)
def test_a_time_that_cannot_be_shown_is_refused(ledger: Ledger, received_at: Any) -> None:
    """The largest one that is taken is a date for everybody who shows it later."""
    fill(ledger)
    quarantined = list(export_lines(ledger))[8]
    with pytest.raises(ImportRefused):
        imported_lines(ledger, [edited(quarantined, received_at=received_at)])
    assert imported_lines(
        ledger, [edited(quarantined, received_at=received_at)], partial=True
    ).errors == 1  # fmt: skip
    assert utc_text(253_370_764_800_000_000).startswith("9999-01-01")
