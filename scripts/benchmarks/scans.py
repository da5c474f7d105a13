"""The baselines of a rebuild: reading the same rows, with and without parsing."""

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
    """Read and parse every row in one process; return how many there were."""
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
        driver_url = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        yield from _postgresql(driver_url)


def _sqlite(path: str) -> Iterator[bytes]:
    """Read in short transactions by position, as the ledger does: a long one lets the WAL grow."""
    with closing(sqlite3.connect(path)) as connection:
        last = 0
        query = f"{_QUERY} WHERE id > ? ORDER BY id LIMIT {_ROWS}"
        while rows := connection.execute(query, (last,)).fetchall():
            last = rows[-1][0]
            yield from (state for _, state in rows)


def _postgresql(driver_url: str) -> Iterator[bytes]:
    """Read by one server-side cursor, in the binary format."""
    with (
        psycopg.connect(driver_url) as connection,
        connection.cursor("scan", binary=True) as cursor,
    ):
        cursor.itersize = _ROWS
        for _, state in cursor.execute(f"{_QUERY} ORDER BY id"):
            yield state
