"""Export and import: a log moved from database to database and back stays the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from api.simulator import histories
from ledger import Imported, Ledger, RecordedEvent, export_lines, verify
from projections import KINDS, Page, Projections
from tests.conftest import FreshDatabase
from tests.ledger.deliveries import delivered, fill, imported_lines


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
            imported = imported_lines(target, export_lines(source))
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

    assert imported_lines(ledger, lines) == Imported(duplicate=len(lines) - 1)
    assert ledger.log.head() == head


def test_an_import_resumes_where_it_was_interrupted(fresh_database: FreshDatabase) -> None:
    """Half an import, then the whole: the log is the exported one."""
    with opened(fresh_database("sqlite")) as source, opened(fresh_database("sqlite")) as target:
        fill(source)
        lines = list(export_lines(source))
        imported_lines(target, lines[:8], partial=True)
        imported = imported_lines(target, lines)

        assert imported == Imported(stored=7, duplicate=8, quarantined=2)
        assert everything(target) == everything(source)
