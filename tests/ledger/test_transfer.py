"""The log from one database to the other and back: nothing lost, nothing new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api.simulator import histories
from ledger import Imported, Ledger, RecordedEvent, export_lines, import_lines, verify
from projections import KINDS, Projections
from tests.conftest import FreshDatabase
from tests.ledger.facts import body, delivered, fill


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
    found = {kind: projections.list(kind, limit=100_000).items for kind in KINDS}
    assert projections.check() == []
    projections.close()
    return found


def test_there_and_back_again(fresh_database: FreshDatabase) -> None:
    """SQLite to PostgreSQL to SQLite: bytes, positions, times, chain, quarantine, rows equal."""
    urls = [fresh_database("sqlite"), fresh_database("postgresql"), fresh_database("sqlite")]
    with opened(urls[0]) as here, opened(urls[1]) as there, opened(urls[2]) as back:
        fill(here)
        for told in histories(5, 12):
            for number, event in enumerate(told.events):
                sent = json.dumps(event, indent=number % 4).encode()
                here.append([delivered(sent, 1_700_000_000_000_000 + number)])
        for source, target in ((here, there), (there, back)):
            done = import_lines(target, export_lines(source))
            assert (done.errors, done.duplicate) == (0, 0)
            assert done.quarantined == 7

        assert everything(here) == everything(there) == everything(back)
        assert here.log.head() == there.log.head() == back.log.head()
        assert list(export_lines(here)) == list(export_lines(back))
        assert verify(there).problems == verify(back).problems == []
        assert rows(here) == rows(there) == rows(back)


def test_an_import_twice_adds_nothing(ledger: Ledger) -> None:
    """Every line is a duplicate the second time, quarantined ones too."""
    fill(ledger)
    lines, head = list(export_lines(ledger)), ledger.log.head()

    assert import_lines(ledger, lines) == Imported(duplicate=len(lines))
    assert ledger.log.head() == head


def test_an_import_goes_on_where_it_was_cut(fresh_database: FreshDatabase) -> None:
    """Half an import, then the whole: the log is the exported one."""
    with opened(fresh_database("sqlite")) as here, opened(fresh_database("sqlite")) as there:
        fill(here)
        lines = list(export_lines(here))
        import_lines(there, lines[:8])
        done = import_lines(there, lines)

        assert done == Imported(stored=7, duplicate=8, quarantined=2)
        assert everything(there) == everything(here)


def test_plain_events_are_imported_and_wrong_lines_are_told(ledger: Ledger) -> None:
    """One Stripe event per line; a line that is none is an error with its number."""
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
    done = import_lines(ledger, lines, on_error=lambda number, why: errors.append(number))

    assert done == Imported(stored=2, quarantined=1, errors=4)
    assert errors == [3, 5, 6, 7]
    assert [entry.source for entry in everything(ledger)] == ["import"] * 3
    assert everything(ledger)[0].body == body(1)


@pytest.mark.parametrize("key", ["received_at", "source", "body_base64"])
def test_a_line_that_lacks_something_is_refused(ledger: Ledger, key: str) -> None:
    """What the log must have, a line must say."""
    ledger.append([delivered(body(1))])
    line = json.loads(next(export_lines(ledger)))
    del line[key]

    assert import_lines(ledger, [json.dumps(line).encode()]).errors == 1
