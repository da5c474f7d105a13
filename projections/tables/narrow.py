"""Writing all that the database takes, where it refuses a part: narrowed to single components."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, select, update

from ledger.database import chunks
from projections.errors import DataRefused
from projections.objects.observation import Key, Scope
from projections.objects.state import State
from projections.rows.change import ComponentChange, row_key
from projections.rows.make import DeadLetter
from projections.tables.component import DrawnComponent, draw
from projections.tables.letters import LOST, REFUSED, is_lost
from projections.tables.refusals import refusals
from projections.tables.row_store import RowStore
from projections.tables.store import ComponentStore, Contents

__all__ = [
    "attempt",
    "lost_rows",
    "mark_lost",
    "narrowed",
    "write_rows_narrowed",
    "write_states_narrowed",
]

T = TypeVar("T")
Letter = tuple[bytes, Scope, DeadLetter]

_CHUNK = 500


def write_states_narrowed(
    store: ComponentStore,
    rows: Sequence[RowStore],
    changes: Sequence[ComponentChange],
    contents: Contents,
) -> list[ComponentChange]:
    """Write states, but for components that are refused; returns those that were written.

    The rows of a refused one stay as they are, stale, and are lost: the next event of the component
    has them folded anew from the log.
    """
    written = []
    for change, reason in narrowed(
        store.connection, changes, lambda part: store.write(part, contents)
    ):
        if reason is None:
            written.append(change)
            continue
        for each in rows:
            if change.concerns(each.kind):
                _Refused(each, draw(each.kind, change), reason).write(is_lost=True)
    return written


def write_rows_narrowed(
    rows: RowStore, drawn: Sequence[DrawnComponent], *, anew: bool = False
) -> None:
    """Write rows, but for those of components that are refused: they become dead letters.

    A row that stood before stays, and is stale. What is refused of that, too, is left out, and only
    that.
    """
    for component, reason in narrowed(
        rows.connection, drawn, lambda part: rows.write(part, anew=anew)
    ):
        if reason is not None:
            _Refused(rows, component, reason).write(is_lost=False)


def lost_rows(rows: RowStore) -> set[tuple[Scope, str]]:
    """The rows of which what is stored does not know all events: they are folded anew."""
    letters = rows.control.dead_letters
    of_table = (letters.c.table_name == rows.tables.name, is_lost(letters))
    query = select(letters.c.account, letters.c.livemode, letters.c.row_id).where(*of_table)
    letters_of_lost = rows.connection.execute(query)
    return {(Scope(row.account, row.livemode), row.row_id) for row in letters_of_lost}


def mark_lost(rows: RowStore, store: str) -> None:
    """Say of rows that were just drawn from a store which of them it does not know all events of.

    Tables of the same kind that were drawn from it before have that in their dead letters.
    """
    control, name = rows.control, rows.tables.name
    letters, checkpoints = control.dead_letters, control.checkpoints
    drawn = select(checkpoints.c.table_name).where(
        checkpoints.c.store == store, checkpoints.c.kind == rows.kind.name
    )
    query = select(letters).where(letters.c.table_name.in_(drawn), is_lost(letters))
    lost = rows.connection.execute(query).all()
    rows.add_letters(
        (
            bytes(row.row_key),
            Scope(row.account, row.livemode),
            DeadLetter(row.kind, row.row_id, row.event, row.position, row.error),
        )
        for row in lost
        if row.table_name != name
    )
    keys = [bytes(row.row_key).removeprefix(LOST) for row in lost]
    table = rows.tables.rows
    for chunk in chunks(keys, _CHUNK):
        rows.connection.execute(update(table).where(table.c.row_key.in_(chunk)).values(stale=True))


def attempt(connection: Connection, write: Callable[[], None]) -> bool:
    """Write something if the database takes it; whether it did."""
    try:
        with connection.begin_nested(), refusals(connection):
            write()
    except DataRefused:
        return False
    return True


def narrowed(
    connection: Connection, items: Sequence[T], write: Callable[[Sequence[T]], None]
) -> Iterator[tuple[T, str | None]]:
    """Write in halves what is refused as a whole; each item, and why it is refused by itself."""
    waiting = [items]
    while waiting:
        part = waiting.pop()
        try:
            with connection.begin_nested():
                write(part)
        except DataRefused as refused:
            if len(part) == 1:
                yield part[0], str(refused)
            else:
                half = len(part) // 2
                waiting += [part[half:], part[:half]]
        else:
            yield from ((item, None) for item in part)


@dataclass
class _Refused:
    """The rows of a component of which something is refused, and why it is."""

    rows: RowStore
    drawn: DrawnComponent
    reason: str

    def write(self, *, is_lost: bool) -> None:
        """Mark the rows that stand as stale, and add dead letters."""
        connection = self.rows.connection
        attempt(connection, self._mark_stale)
        if is_lost:
            attempt(connection, self._write_lost_letters)
        else:
            attempt(connection, self._write_letters)
        for _, _, letter in self._letters:
            # The place only: neither the value nor its owner.
            warnings.warn(f"{letter.kind} {letter.id}: {letter.error}", stacklevel=2)

    @cached_property
    def _standing(self) -> dict[bytes, str]:
        """The keys and ids of the rows that were written before."""
        rows, names = self.rows.standing(self.drawn.keys), self.rows.tables.rows.c.keys()
        return {key: row[names.index("id")] for key, row in rows.items()}

    @cached_property
    def _letters(self) -> list[Letter]:
        """A dead letter for each row that stands, or that could not be written."""
        kind, change = self.rows.kind, self.drawn.change
        rows: dict[bytes, tuple[str, Sequence[State]]] = {}
        for projected in (*change.rows_before(kind), *change.rows(kind)):
            key = row_key(kind, projected.key)
            if projected.row is not None or key in self._standing:
                rows[key] = projected.id, projected.members
        for member in change.keys:
            key = row_key(kind, member)
            if key in self._standing and key not in rows:
                rows[key] = self._standing[key], self._states_of(member)
        drawn = {row[0] for row in self.drawn.rows}
        return [
            (key, states[0].key.scope, self._letter(id, states))
            for key, (id, states) in rows.items()
            if key in drawn or key in self._standing
        ]

    def _states_of(self, member: Key) -> Sequence[State]:
        states = [state for state in self.drawn.change.states if state.key == member]
        return states or [state for state in self.drawn.change.states if state.snapshot]

    def _letter(self, id: str, states: Sequence[State]) -> DeadLetter:
        _, position, event, *_ = max(state.snapshot for state in states if state.snapshot)
        return DeadLetter(self.rows.kind.name, id, event, position, REFUSED + self.reason)

    def _mark_stale(self) -> None:
        rows, standing = self.rows.tables.rows, list(self._standing)
        stale = update(rows).where(rows.c.row_key.in_(standing)).values(stale=True)
        self.rows.connection.execute(stale)

    def _write_letters(self) -> None:
        if self.rows.has_letters:
            self.rows.delete_letters(self.drawn.keys)
        self.rows.add_letters([*self.drawn.dead_letters, *self._letters])

    def _write_lost_letters(self) -> None:
        self.rows.add_letters((LOST + key, scope, each) for key, scope, each in self._letters)
