"""The floors of a rebuild: reading the same rows, with and without parsing, keeping nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import orjson
import psycopg
from sqlalchemy import make_url

__all__ = ["PARSERS", "scan"]

_ROWS = 2000
_QUERY = "SELECT id, state FROM ledger_events"

PARSERS: Mapping[str, Callable[[bytes], Any]] = {
    "read": len,
    "read + json.loads": json.loads,
    "read + orjson.loads": orjson.loads,
}


def scan(url: str, parser: str) -> int:
    """Reads and parses every row in one process; how many there were."""
    parse = PARSERS[parser]
    count = 0
    for state in _states(url):
        parse(state)
        count += 1
    return count


def _states(url: str) -> Iterator[bytes]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        yield from _sqlite(str(parsed.database))
    else:
        address = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        yield from _postgresql(address)


def _sqlite(path: str) -> Iterator[bytes]:
    """Short reads by position, as the ledger's own: a long one would keep the WAL growing."""
    with closing(sqlite3.connect(path)) as connection:
        last = 0
        query = f"{_QUERY} WHERE id > ? ORDER BY id LIMIT {_ROWS}"
        while rows := connection.execute(query, (last,)).fetchall():
            last = rows[-1][0]
            yield from (state for _, state in rows)


def _postgresql(address: str) -> Iterator[bytes]:
    """One server-side cursor, in the binary format."""
    with (
        psycopg.connect(address) as connection,
        connection.cursor("scan", binary=True) as cursor,
    ):
        cursor.itersize = _ROWS
        for _, state in cursor.execute(f"{_QUERY} ORDER BY id"):
            yield state
