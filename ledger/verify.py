"""Verification: proves that no row of the log was altered, removed or cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, select, text, type_coerce
from sqlalchemy.types import NullType

from ledger.chain import GENESIS
from ledger.database import read_transaction
from ledger.errors import ConfigurationError
from ledger.recorded import COLUMNS
from ledger.store import Ledger, guards
from ledger.store.tables import NEWEST_HEAD, refuse_formula_1
from ledger.stored_row import StoredRow

__all__ = ["Verified", "verify"]

_PROBLEMS_MAX = 20
# At most so many bodies are in memory, each up to the maximum size.
_ROWS = 100


@dataclass(slots=True)
class Verified:
    """The result of a verification: the log is intact where ``problem_count`` is 0.

    ``problems`` are the first 20. ``position`` and ``chain`` are those of the last row.
    """

    position: int = 0
    chain: bytes = GENESIS
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0

    def report(self, problem: str, position: int | None = None) -> None:
        """Count a problem, and keep its text if it is one of the first."""
        self.problem_count += 1
        if len(self.problems) < _PROBLEMS_MAX:
            self.problems.append(problem if position is None else f"position {position}: {problem}")


def verify(
    ledger: Ledger,
    anchor: tuple[int, bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verified:
    """Read the whole log in one snapshot and check every row against the chain and its body.

    ``anchor`` is a position and chain value that were kept outside: it detects rows and head
    rewritten together. ``progress`` is called with the position and the head's. Each problem of a
    row names its position; all are counted, and the first 20 are described.
    """
    result = Verified()
    with read_transaction(ledger.engine) as connection:
        try:
            refuse_formula_1(connection)
        except ConfigurationError as error:
            result.report(f"{error}. Nothing else was verified")
            return result
        for name in guards.missing(connection):
            result.report(f"{name} is missing or altered; `ledger serve` makes it again")
        head = connection.execute(NEWEST_HEAD).first()
        with _any_text(connection):
            for count, values in enumerate(_rows(ledger, connection), start=1):
                _check(ledger, result, StoredRow(values))
                if anchor is not None and anchor[0] == result.position:
                    _check_anchor(result, anchor)
                if progress is not None and head is not None and count % _ROWS == 0:
                    progress(result.position, head.position)
        if progress is not None and head is not None:
            progress(result.position, head.position)
        _check_streams(connection, result)
        _check_file(connection, result)
    if head is None:
        result.report("the head is missing")
    else:
        _check_head(result, head.position, bytes(head.chain))
    if anchor is not None and anchor[0] > result.position:
        result.report(
            f"the anchor is at this position, but the log ends at {result.position}", anchor[0]
        )
    return result


def _rows(ledger: Ledger, connection: Connection) -> Iterator[Any]:
    columns = ledger.log.table.c
    names = (*COLUMNS, "originator_id", "topic")
    # No type's own processing, which raises for values that no append writes.
    chosen = (type_coerce(columns[name], NullType()).label(name) for name in names)
    query: Select[Any] = select(*chosen).order_by(columns.id)
    streamed = connection.execution_options(stream_results=True, yield_per=_ROWS)
    yield from streamed.execute(query)


@contextmanager
def _any_text(connection: Connection) -> Iterator[None]:
    """Let SQLite return a text that is no UTF-8 as well, so that its position can be named."""
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    raw.text_factory = lambda value: value.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = str


def _check(ledger: Ledger, result: Verified, row: StoredRow) -> None:
    if row.position < 1:
        result.report("no append writes a row at this position", row.position)
        return
    if row.position != result.position + 1:
        expected = result.position + 1
        result.report(f"expected position {expected}; rows are missing", row.position)
    for problem in row.problems(result.chain, ledger.log):
        result.report(problem, row.position)
    # Go on from what the row claims, so that one altered row is one problem and not all.
    result.position, result.chain = row.position, row.chain


def _check_anchor(result: Verified, anchor: tuple[int, bytes]) -> None:
    if result.chain != anchor[1]:
        result.report("the chain is not the anchor's; history was rewritten", anchor[0])


# By the index of streams, which both databases read in order: nothing is kept for each stream.
_BROKEN_STREAMS = text(
    "SELECT DISTINCT originator_id FROM (SELECT originator_id, id, originator_version,"
    " LAG(id) OVER stream AS earlier, ROW_NUMBER() OVER stream AS number FROM ledger_events"
    " WINDOW stream AS (PARTITION BY originator_id ORDER BY originator_version)) AS versions"
    " WHERE originator_version <> number OR id <= earlier"
)
_FIRST_WRONG_VERSION = text(
    "SELECT id, originator_version, number FROM (SELECT id, originator_version,"
    " ROW_NUMBER() OVER (ORDER BY id) AS number FROM ledger_events"
    " WHERE originator_id = :stream) AS versions"
    " WHERE originator_version <> number ORDER BY id LIMIT 1"
)


def _check_streams(connection: Connection, result: Verified) -> None:
    """Report the first row of each stream that is not at its version: 1, 2, 3… by position."""
    streamed = connection.execution_options(stream_results=True, yield_per=_ROWS)
    for stream in streamed.execute(_BROKEN_STREAMS).scalars():
        if len(result.problems) == _PROBLEMS_MAX:
            result.problem_count += 1
            continue
        first = connection.execute(_FIRST_WRONG_VERSION, {"stream": stream}).one()
        result.report(
            f"it is version {first.originator_version} of its stream, and should be {first.number}",
            first.id,
        )


def _check_file(connection: Connection, result: Verified) -> None:
    """Let SQLite check its pages, and that each index agrees with its table."""
    if connection.dialect.name == "sqlite":
        for line in connection.exec_driver_sql("PRAGMA integrity_check").scalars():
            if line != "ok":
                result.report(f"SQLite's integrity check: {line}")


def _check_head(result: Verified, position: int, chain: bytes) -> None:
    if position != result.position:
        result.report(
            f"the head says the log ends at {position}, its last row is {result.position}",
            result.position + 1,
        )
    elif chain != result.chain:
        result.report("the head's chain is not the last row's", position)
