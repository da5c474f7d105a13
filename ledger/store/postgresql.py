"""An append's statements on PostgreSQL: three calls of libpq before its COMMIT."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from psycopg import OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from sqlalchemy import LargeBinary, Table, Uuid
from sqlalchemy.dialects import postgresql

from ledger.store.existing import EXISTING_COLUMNS, ExistingRow

__all__ = ["Postgresql"]

_BINARY = 1
_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_OID_BYTEA = 17

# The isolation is stated, whatever the role has as its default: each statement needs a snapshot
# of its own, for the second has to see what the first one's lock waited for.
_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED;\n"
# By the index: while somebody holds a snapshot, every version of the head since stays in the table.
_LOCK = b"SELECT position, chain FROM ledger_events_head ORDER BY position DESC LIMIT 1 FOR UPDATE"

# One look at the end of the index per stream, however long the stream is.
_LOOK_UP = f"""SELECT {EXISTING_COLUMNS}, NULL::uuid, NULL::bigint FROM ledger_events
WHERE event_id = ANY(ARRAY(SELECT json_array_elements_text($1::json)))
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, asked.value::uuid, newest.originator_version
FROM json_array_elements_text($2::json) AS asked(value), LATERAL (
    SELECT originator_version FROM ledger_events
    WHERE originator_id = asked.value::uuid ORDER BY originator_version DESC LIMIT 1
) AS newest""".encode()

# With the insert, which saves a way to the server and back.
_MOVE = """WITH moved AS (
    UPDATE ledger_events_head SET position = $1::bigint, chain = $2::bytea
    WHERE position = $3::bigint
)"""


class Postgresql:
    """libpq's blocking calls: psycopg's own way to the server releases the interpreter's lock at
    every step, and so takes many times as long where many threads want it.
    """

    def lock(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID], prelude: str
    ) -> tuple[tuple[int, bytes], list[ExistingRow], list[tuple[UUID, int]]]:
        """Begin, lock the head until the transaction ends, and look up."""
        statement = _BEGIN + (f"{prelude};\n".encode() if prelude else b"") + _LOCK
        [(position, chain)] = _rows(raw, raw.pgconn.exec_(statement))
        assert position is not None
        assert chain is not None
        head = int(position), bytes.fromhex(chain.decode()[2:])
        return head, *self.look_up(raw, identities, streams)

    def look_up(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID]
    ) -> tuple[list[ExistingRow], list[tuple[UUID, int]]]:
        """The rows that have one of the identities, and the last version of each stream."""
        existing: list[ExistingRow] = []
        versions: list[tuple[UUID, int]] = []
        if not identities and not streams:
            return existing, versions
        parameters = (msgspec.json.encode(identities), msgspec.json.encode(streams))
        rows = _run(raw, _LOOK_UP, parameters)
        for id, position, stream, type, source, state, name, last in rows:
            if name is not None:
                versions.append((UUID(bytes=name), _integer(last)))
            else:
                existing.append(
                    ExistingRow(
                        id.decode(),
                        _integer(position),
                        _text(stream),
                        type.decode(),
                        source.decode(),
                        state,
                    )
                )
        return existing, versions

    def write(
        self, raw: Any, table: Table, rows: list[dict[str, Any]], head: tuple[int, bytes]
    ) -> None:
        """Insert rows and move the head."""
        insert, plain, binary = _insert(table, tuple(rows[0]))
        # One JSON text is less work than an array per column.
        document = msgspec.json.encode([{name: row[name] for name in plain} for row in rows])
        arrays = [_array([row[name] for row in rows]) for name in binary]
        last, before = struct.pack(">q", head[0]), struct.pack(">q", rows[0]["id"] - 1)
        _run(raw, insert, [last, head[1], before, document, *arrays])


def _run(raw: Any, statement: bytes, values: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """A statement's rows; parameters and values are in PostgreSQL's binary formats."""
    formats = [_BINARY] * len(values)
    return _rows(raw, raw.pgconn.exec_params(statement, values, None, formats, _BINARY))


def _rows(raw: Any, result: Any) -> list[tuple[Any, ...]]:
    if result.status not in _GOOD:
        if raw.pgconn.status != ConnStatus.OK:
            raise OperationalError("the connection to the server was lost")
        raise error_from_result(result, raw.info.encoding)
    columns = range(result.nfields)
    get = result.get_value
    return [tuple([get(row, column) for column in columns]) for row in range(result.ntuples)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _integer(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


def _array(values: Sequence[bytes]) -> bytes:
    """A ``bytea[]``: one dimension without nulls, from 1 on; then each value with its length."""
    parts = [struct.pack(">5i", 1, 0, _OID_BYTEA, len(values), 1)]
    for value in values:
        parts += (struct.pack(">i", len(value)), value)
    return b"".join(parts)


@cache
def _insert(table: Table, names: tuple[str, ...]) -> tuple[bytes, list[str], list[str]]:
    """The statement that inserts rows and moves the head.

    Its parameters: the head, the position before, a JSON text with columns, and an array for each
    of the others; both sorts of columns are returned too.
    """
    binary = [name for name in names if isinstance(table.c[name].type, LargeBinary)]
    plain = [name for name in names if name not in binary]
    types = ", ".join(f"{name} {_type(table, name)}" for name in plain)
    arrays = ", ".join(f"unnest(${number}::bytea[])" for number in range(5, 5 + len(binary)))
    text = (
        f"{_MOVE} INSERT INTO {table.name} ({', '.join([*plain, *binary])}) SELECT * FROM"
        f" ROWS FROM (json_to_recordset($4::json) AS ({types}), {arrays})"
    )
    return text.encode(), plain, binary


_DIALECT = postgresql.base.PGDialect()  # type: ignore[no-untyped-call]


def _type(table: Table, name: str) -> str:
    # The library's column of UUIDs is its own type, which PostgreSQL has natively.
    type_ = Uuid() if name == "originator_id" else table.c[name].type
    return str(type_.compile(dialect=_DIALECT))
