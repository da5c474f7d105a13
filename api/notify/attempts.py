"""Attempts: every try to hand a notification to a subscriber, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import Connection, Engine, insert, select

from api.notify.tables import ATTEMPTS
from ledger import Page, UnknownCursor
from ledger.database import read_transaction

__all__ = ["Attempt", "Attempts", "Outcome", "add_attempts"]

Outcome = Literal["delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: the ``attempt``-th of its delivery, started at ``started_at`` (microseconds).

    ``status`` and ``answer`` are of an HTTP answer, its first 200 characters; ``error`` says why
    there is none, or what a handler raised.
    """

    number: int
    subscriber: str
    notification: str
    attempt: int
    started_at: int
    milliseconds: int
    outcome: Outcome
    status: int | None = None
    answer: str | None = None
    error: str | None = None

    @property
    def id(self) -> str:
        """Its id in lists."""
        return f"att_{self.number}"


class Attempts:
    """All attempts; every method raises ``StoreUnavailable`` without a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(
        self,
        *,
        subscriber: str | None = None,
        notification: str | None = None,
        outcome: Outcome | None = None,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page[Attempt]:
        """A page of them, the newest first; cursors are their ids, or ``UnknownCursor``."""
        table = ATTEMPTS.c
        wanted = {
            table.subscriber: subscriber,
            table.notification: notification,
            table.outcome: outcome,
        }
        query = select(ATTEMPTS).limit(limit + 1)
        for column, value in wanted.items():
            if value is not None:
                query = query.where(column == value)
        if starting_after is not None:
            query = query.where(table.number < _number(starting_after))
        if ending_before is not None:
            query = query.where(table.number > _number(ending_before))
        order = table.number.desc() if ending_before is None else table.number
        with read_transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(order)).mappings().all()
        items = [Attempt(**row) for row in rows[:limit]]
        return Page(items if ending_before is None else items[::-1], has_more=len(rows) > limit)


def add_attempts(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Add attempts, whose numbers the database gives."""
    # Not by `asdict`, which copies each value: it took as long as the statement.
    rows = [{name: getattr(attempt, name) for name in _RECORDED} for attempt in attempts]
    if rows:
        connection.execute(insert(ATTEMPTS), rows)


_RECORDED = [each.name for each in fields(Attempt) if each.name != "number"]


def _number(id: str) -> int:
    prefix, _, number = id.partition("_")
    if prefix != "att" or not (number.isascii() and number.isdigit()):
        raise UnknownCursor(id)
    return int(number)
