"""Export and import: a log moved from database to database and back stays the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api.simulator import histories
from ledger import Imported, Ledger, RecordedEvent, export_lines, import_lines, verify
from projections import KINDS, Page, Projections
from tests.conftest import FreshDatabase
from tests.ledger.deliveries import body, delivered, fill


@contextmanager
def opened(url: str) -> Iterator[Ledger]:
    ledger = Ledger.open(url, create=True)
    try:
        yield ledger
    finally:
        ledger.close()


def everything(ledger: Ledger) -> list[RecordedEvent]:
    return ledger.log.after(0, 10_000)


def rows(ledger: Ledger) -> dict[str, list[dict[str, object]]]:
    """All rows of all kinds, projected anew."""
    projections = Projections.open(ledger)
    projections.create()
    while projections.follow():
        pass
    rows_by_kind = {kind: projections.list(kind, page=Page(limit=100_000)).items for kind in KINDS}
    assert projections.check() == []
    projections.close()
    return rows_by_kind


def test_an_export_imported_twice_gives_the_same_log(fresh_database: FreshDatabase) -> None:
    """SQLite to PostgreSQL to SQLite: bytes, positions, times, chain, quarantine, rows equal."""
    urls = [fresh_database("sqlite"), fresh_database("postgresql"), fresh_database("sqlite")]
    with opened(urls[0]) as first, opened(urls[1]) as second, opened(urls[2]) as third:
        fill(first)
        for story in histories(5, 12):
            for number, event in enumerate(story.events):
                sent = json.dumps(event, indent=number % 4).encode()
                first.append([delivered(sent, 1_700_000_000_000_000 + number)])
        for source, target in ((first, second), (second, third)):
            imported = import_lines(target, export_lines(source))
            assert (imported.errors, imported.duplicate) == (0, 0)
            assert imported.quarantined == 7

        assert everything(first) == everything(second) == everything(third)
        assert first.log.head() == second.log.head() == third.log.head()
        assert list(export_lines(first)) == list(export_lines(third))
        assert verify(second).problems == verify(third).problems == []
        assert rows(first) == rows(second) == rows(third)


def test_an_import_twice_adds_nothing(ledger: Ledger) -> None:
    """Every line is a duplicate the second time, quarantined ones too."""
    fill(ledger)
    lines, head = list(export_lines(ledger)), ledger.log.head()

    assert import_lines(ledger, lines) == Imported(duplicate=len(lines))
    assert ledger.log.head() == head


def test_an_import_resumes_where_it_was_interrupted(fresh_database: FreshDatabase) -> None:
    """Half an import, then the whole: the log is the exported one."""
    with opened(fresh_database("sqlite")) as source, opened(fresh_database("sqlite")) as target:
        fill(source)
        lines = list(export_lines(source))
        import_lines(target, lines[:8])
        imported = import_lines(target, lines)

        assert imported == Imported(stored=7, duplicate=8, quarantined=2)
        assert everything(target) == everything(source)


def test_plain_events_are_imported_and_wrong_lines_are_reported(ledger: Ledger) -> None:
    """One Stripe event per line; any other line is an error with its number."""
    errors: list[int] = []
    lines = [
        body(1) + b"\n",
        b"\n",
        b"no json\n",
        body(2) + b"\r\n",
        b'{"object": "ledger.entry"}\n',
        b'{"object": "ledger.entry", "received_at": 1, "source": "webhook", "body_base64": "?"}',
        b"[1, 2]",
        body(1, type="charge.updated"),
    ]
    imported = import_lines(ledger, lines, on_error=lambda number, _: errors.append(number))

    assert imported == Imported(stored=2, quarantined=1, errors=4)
    assert errors == [3, 5, 6, 7]
    assert [event.source for event in everything(ledger)] == ["import"] * 3
    assert everything(ledger)[0].body == body(1)


@pytest.mark.parametrize("key", ["received_at", "source", "body_base64"])
def test_a_line_that_lacks_something_is_refused(ledger: Ledger, key: str) -> None:
    """A line must have every field that the log needs."""
    ledger.append([delivered(body(1))])
    line = json.loads(next(export_lines(ledger)))
    del line[key]

    assert import_lines(ledger, [json.dumps(line).encode()]).errors == 1
