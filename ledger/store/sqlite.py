"""An append's statements on SQLite: one for all rows, however many."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table

__all__ = ["Sqlite"]

# SQLite takes no more parameters in one statement than 32,766.
_ROWS_MAX = 500


class Sqlite:
    """As many placeholders as there are values; SQLAlchemy's BEGIN has the lock already.

    The driver lets go of the interpreter's lock at each row that goes in or comes out: so as many
    as can be go in by one statement, and come out as one row.
    """

    def lock(self, raw: Any) -> tuple[int, bytes]:
        """The head, which nobody else can move until the transaction ends."""
        head: tuple[int, bytes] = raw.execute(
            "SELECT position, chain FROM ledger_events_head"
        ).fetchone()
        return head

    def look(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID]
    ) -> tuple[list[Any], list[tuple[UUID, int]]]:
        """The rows that have one of the identities, and the last version of each stream."""
        known: list[Any] = []
        for some in _chunks(identities):
            known += raw.execute(
                "SELECT event_id, id, stream, type, state FROM ledger_events"
                f" WHERE event_id IN ({','.join('?' * len(some))})",
                some,
            ).fetchall()
        versions: list[tuple[UUID, int]] = []
        for some in _chunks([stream.bytes for stream in streams]):
            # One look at the end of the index per stream, however long the stream is.
            (found,) = raw.execute(
                f"WITH asked(name) AS (VALUES {','.join(['(?)'] * len(some))})"
                " SELECT json_group_array(json_array(hex(name), last)) FROM"
                " (SELECT name, (SELECT MAX(originator_version) FROM ledger_events"
                "  WHERE originator_id = name) AS last FROM asked) WHERE last",
                some,
            ).fetchone()
            versions += [(UUID(name), last) for name, last in json.loads(found)]
        return known, versions

    def write(
        self, raw: Any, table: Table, rows: list[dict[str, Any]], head: tuple[int, bytes]
    ) -> None:
        """Write rows and move the head."""
        names = list(rows[0])
        marks = f"({', '.join('?' * len(names))})"
        for some in _chunks(rows):
            raw.execute(
                f"INSERT INTO {table.name} ({', '.join(names)}) VALUES"
                f" {', '.join([marks] * len(some))}",
                [
                    value.bytes if value.__class__ is UUID else value
                    for row in some
                    for value in row.values()
                ],
            )
        raw.execute("UPDATE ledger_events_head SET position = ?, chain = ?", head)


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _ROWS_MAX):
        yield items[start : start + _ROWS_MAX]
