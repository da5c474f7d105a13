"""An append's statements on SQLite: one for all rows, however many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from ledger.database import chunks

__all__ = ["Sqlite"]

# SQLite takes no more parameters in one statement than 32,766.
_ROWS_MAX = 500


class Sqlite:
    """As many placeholders as there are values; SQLAlchemy's BEGIN has the lock already.

    The driver lets go of the interpreter's lock at each row that goes in or comes out: so as many
    as can be go in by one statement, and come out as one row.
    """

    def lock(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID]
    ) -> tuple[tuple[int, bytes], list[Any], list[tuple[UUID, int]]]:
        """The head, which nobody else can move until the transaction ends."""
        if max(len(identities), len(streams)) > _ROWS_MAX:
            position, chain, _, _ = self._asked(raw, (), ())
            return (position, chain), *self.look(raw, identities, streams)
        position, chain, known, versions = self._asked(raw, identities, streams)
        return (position, chain), self._known(raw, identities) if known else [], _versions(versions)

    def look(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID]
    ) -> tuple[list[Any], list[tuple[UUID, int]]]:
        """The rows that have one of the identities, and the last version of each stream."""
        known: list[Any] = []
        versions: list[tuple[UUID, int]] = []
        for some_identities in chunks(identities, _ROWS_MAX):
            known += self._known(raw, some_identities)
        for some_streams in chunks(streams, _ROWS_MAX):
            versions += _versions(self._asked(raw, (), some_streams)[3])
        return known, versions

    @staticmethod
    def _asked(raw: Any, identities: Sequence[str], streams: Sequence[UUID]) -> tuple[Any, ...]:
        """One row: the head, whether any identity is known, and the streams' last versions."""
        asked = f"VALUES {','.join(['(?)'] * len(streams))}" if streams else "SELECT NULL"
        # One look at the end of the index per stream, however long the stream is.
        row: tuple[Any, ...] = raw.execute(
            f"WITH asked(name) AS ({asked}) SELECT position, chain,"
            " EXISTS (SELECT 1 FROM ledger_events"
            f" WHERE event_id IN ({','.join('?' * len(identities))})),"
            " (SELECT json_group_array(json_array(hex(name), last)) FROM"
            "  (SELECT name, (SELECT MAX(originator_version) FROM ledger_events"
            "   WHERE originator_id = name) AS last FROM asked) WHERE last)"
            " FROM ledger_events_head",
            [*(stream.bytes for stream in streams), *identities],
        ).fetchone()
        return row

    @staticmethod
    def _known(raw: Any, identities: Sequence[str]) -> list[Any]:
        rows: list[Any] = raw.execute(
            "SELECT event_id, id, stream, type, state FROM ledger_events"
            f" WHERE event_id IN ({','.join('?' * len(identities))})",
            identities,
        ).fetchall()
        return rows

    def write(
        self, raw: Any, table: Table, rows: list[dict[str, Any]], head: tuple[int, bytes]
    ) -> None:
        """Write rows and move the head."""
        names = list(rows[0])
        marks = f"({', '.join('?' * len(names))})"
        for some in chunks(rows, _ROWS_MAX):
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


def _versions(found: str) -> list[tuple[UUID, int]]:
    return [(UUID(name), last) for name, last in json.loads(found)]
