"""What a query costs, by its database's own account: which way it goes, and how far."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

from ledger.database import read_transaction

__all__ = ["Plan", "Watch", "numbers", "watched"]

# SQLite's steps and PostgreSQL's rows or pages, for a page of ten: many times as many as one takes,
# and a small part of what 100,000 rows take, even where they are only passed in an index.
_STEPS_MAX = 15_000
_ROWS_MAX = 1_500
_PROGRESS_STEPS = 100
_STEPS_PER_ENTRY = 4


@dataclass(frozen=True)
class Plan:
    """How a statement was run: the database's words for it, and what is wrong with that."""

    statement: str
    parameters: Any
    words: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((*self.faults, self.statement, str(self.parameters), self.words))


@dataclass
class Watch:
    """The queries of a block on an engine."""

    engine: Engine
    queries: list[tuple[str, Any]] = field(default_factory=list)

    def plans(self, table: str, *, passed: int = 0) -> Iterator[Plan]:
        """The plans of the queries that read a table; each is run once more for it.

        So many entries of an index may be passed without a look at their rows.
        """
        with read_transaction(self.engine) as connection:
            explain = _sqlite if connection.dialect.name == "sqlite" else _postgresql
            for statement, parameters in self.queries:
                if f"{table}." in statement:
                    words, faults = explain(connection, statement, parameters, table, passed)
                    yield Plan(statement, parameters, words, tuple(faults))


@contextmanager
def watched(engine: Engine) -> Iterator[Watch]:
    """Note every query that is run on an engine in a block."""
    watch = Watch(engine)

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            watch.queries.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield watch
    finally:
        event.remove(engine, "before_cursor_execute", note)


def numbers(connection: Connection, count: int) -> str:
    """A table ``numbers`` with the numbers ``n`` from 1 on, for a statement to select from."""
    if connection.dialect.name == "postgresql":
        return f"generate_series(1, {count}) AS numbers(n)"
    upto = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}"
    return f"(WITH RECURSIVE numbers(n) AS ({upto}) SELECT n FROM numbers)"


def _sqlite(
    connection: Connection, statement: str, parameters: Any, table: str, passed: int
) -> tuple[str, list[str]]:
    raw: Any = connection.connection.driver_connection
    plan = [row[-1] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    faults = [line for line in plan if line.startswith(f"SCAN {table}") and "INDEX" not in line]
    steps = [0]

    def count() -> None:
        steps[0] += _PROGRESS_STEPS

    raw.set_progress_handler(count, _PROGRESS_STEPS)
    raw.execute(statement, parameters).fetchall()
    raw.set_progress_handler(None, 0)
    if steps[0] > _STEPS_MAX + _STEPS_PER_ENTRY * passed:
        faults.append(f"{steps[0]} steps")
    return "\n".join(plan), faults


def _postgresql(
    connection: Connection, statement: str, parameters: Any, table: str, passed: int
) -> tuple[str, list[str]]:
    raw: Any = connection.connection.driver_connection
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}"
    (((plan,),),) = (raw.execute(explain, parameters).fetchall(),)
    faults = []
    for node in _nodes(plan[0]["Plan"]):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] == table:
            faults.append("Seq Scan")
        loops = node["Actual Loops"]
        removed = node.get("Rows Removed by Filter", 0)
        pages = node["Shared Hit Blocks"] + node["Shared Read Blocks"]
        for number, unit in ((loops * (node["Actual Rows"] + removed), "rows"), (pages, "pages")):
            if number > _ROWS_MAX:
                faults.append(f"{node['Node Type']}: {number:.0f} {unit}")
    return json.dumps(plan, indent=1), faults


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
