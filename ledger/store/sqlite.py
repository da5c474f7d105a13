"""An append's statements on SQLite: one for all rows, however many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from ledger.database import chunks
from ledger.store.existing import EXISTING_COLUMNS, ExistingRow

__all__ = ["Sqlite"]

# SQLite takes no more parameters in one statement than 32,766.
_ROWS_MAX = 500


class Sqlite:
    """As many placeholders as there are values; SQLAlchemy's BEGIN holds the lock already.

    The driver releases the interpreter's lock at each row that goes in or comes out: so as many
    as can be go in by one statement, and come out as one row.
    """

    def lock(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID], prelude: str
    ) -> tuple[tuple[int, bytes], list[ExistingRow], list[tuple[UUID, int]]]:
        """The head, which no other transaction can move until this one ends, and the look-up."""
        if max(len(identities), len(streams)) > _ROWS_MAX:
            position, chain, _, _ = self._head_and_versions(raw, (), ())
            return (position, chain), *self.look_up(raw, identities, streams)
        position, chain, is_known, versions = self._head_and_versions(raw, identities, streams)
        existing = self._existing(raw, identities) if is_known else []
        return (position, chain), existing, _versions(versions)

    def look_up(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID]
    ) -> tuple[list[ExistingRow], list[tuple[UUID, int]]]:
        """The rows that have one of the identities, and the last version of each stream."""
        existing: list[ExistingRow] = []
        versions: list[tuple[UUID, int]] = []
        for some_identities in chunks(identities, _ROWS_MAX):
            existing += self._existing(raw, some_identities)
        for some_streams in chunks(streams, _ROWS_MAX):
            versions += _versions(self._head_and_versions(raw, (), some_streams)[3])
        return existing, versions

    @staticmethod
    def _head_and_versions(
        raw: Any, identities: Sequence[str], streams: Sequence[UUID]
    ) -> tuple[Any, ...]:
        """One row: the head, whether any identity is known, and the streams' last versions."""
        names = f"VALUES {','.join(['(?)'] * len(streams))}" if streams else "SELECT NULL"
        # One look at the end of the index per stream, however long the stream is.
        row: tuple[Any, ...] = raw.execute(
            f"WITH asked(name) AS ({names}) SELECT position, chain,"
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
    def _existing(raw: Any, identities: Sequence[str]) -> list[ExistingRow]:
        rows = raw.execute(
            f"SELECT {EXISTING_COLUMNS} FROM ledger_events"
            f" WHERE event_id IN ({','.join('?' * len(identities))})",
            identities,
        ).fetchall()
        return list(map(ExistingRow._make, rows))

    def write(
        self, raw: Any, table: Table, rows: list[dict[str, Any]], head: tuple[int, bytes]
    ) -> None:
        """Insert rows and move the head."""
        names = list(rows[0])
        marks = f"({', '.join('?' * len(names))})"
        for chunk in chunks(rows, _ROWS_MAX):
            raw.execute(
                f"INSERT INTO {table.name} ({', '.join(names)}) VALUES"
                f" {', '.join([marks] * len(chunk))}",
                [
                    value.bytes if value.__class__ is UUID else value
                    for row in chunk
                    for value in row.values()
                ],
            )
        raw.execute("UPDATE ledger_events_head SET position = ?, chain = ?", head)


def _versions(array: str) -> list[tuple[UUID, int]]:
    return [(UUID(name), last) for name, last in json.loads(array)]
