"""Writing all that the database takes, where it refuses a part: narrowed to single components."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select, update

from projections.errors import DataRefused
from projections.objects.observation import Scope
from projections.objects.state import State
from projections.rows.change import Change, ComponentChange, StoredRow, row_key
from projections.rows.make import DeadLetter, ProjectedRow
from projections.tables.component import EncodedComponent, Term, encode_content
from projections.tables.letters import LOST, REFUSED, is_lost
from projections.tables.store import ComponentStore

__all__ = ["delete_lost", "lost_rows", "write_narrowed"]

Letter = tuple[bytes, Scope, DeadLetter]


def write_narrowed(
    store: ComponentStore,
    change: Change,
    prepared: Mapping[ComponentChange, EncodedComponent] | None = None,
) -> None:
    """Write a change, but for components that are refused: those become dead letters.

    Their states are stored, so that the next event is folded on; a row that stood before stays,
    and is stale. What is refused of that, too, is left out, and only that.
    """
    waiting = [change.components]
    while waiting:
        part = waiting.pop()
        try:
            with store.connection.begin_nested():
                store.write(Change(change.kind, change.last, part), prepared)
        except DataRefused as refused:
            if len(part) == 1:
                _Reduced(store, part[0], str(refused)).write()
            else:
                half = len(part) // 2
                waiting += [part[half:], part[:half]]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A row that was written before, the states of its members then, and its terms."""

    id: str
    members: list[State]
    terms: list[Term]


@dataclass
class _Reduced:
    """What is written of a component that is refused as a whole, and why it is."""

    store: ComponentStore
    change: ComponentChange
    reason: str

    def write(self) -> None:
        """Write the states, mark the rows that stand as stale, and add the dead letters."""
        store = self.store
        is_stored = _attempt(store, self._write_states)
        _attempt(store, self._mark_stale)
        _attempt(store, self._write_terms)
        _attempt(store, self._write_letters if is_stored else self._write_lost_letters)
        for _, _, letter in self._refused:
            # The place only: neither the value nor its owner.
            warnings.warn(f"{letter.kind} {letter.id}: {letter.error}", stacklevel=2)

    @cached_property
    def _rows(self) -> dict[bytes, ProjectedRow]:
        """The rows that could not be written, by key."""
        kind = self.change.kind
        return {row_key(kind, row.key): row for row in self.change.rows()}

    @cached_property
    def _standing(self) -> dict[bytes, _Standing]:
        """The rows that were written before, by key."""
        members = {
            row.key: [stored.states[index] for index in row.members]
            for stored in self.change.before
            for row in stored.rows
            if row.is_written
        }
        rows, names = self.store.rows(members), self.store.tables.rows.c.keys()
        return {
            key: _Standing(row[names.index("id")], members[key], self.store.terms_of({key: row}))
            for key, row in rows.items()
        }

    def _write_states(self) -> None:
        change, store = self.change, self.store
        index_of = {state.key: index for index, state in enumerate(change.states)}
        members: dict[bytes, Sequence[State]] = {
            **{key: row.members for key, row in self._standing.items()},
            **{key: row.members for key, row in self._rows.items()},
        }
        rows = [StoredRow(key, [index_of[state.key] for state in states], True, is_written=False)
                for key, states in members.items()]  # fmt: skip
        for row in rows:
            if (standing := self._standing.get(row.key)) is not None:
                row.is_written = True
                row.terms = [term for term, _, _ in standing.terms]
                row.created = max((created for _, created, _ in standing.terms), default=0)
        number = change.replaced[0] if change.replaced else store.next_number()
        store.replace_states([(number, change, encode_content(change.states, rows))])

    def _mark_stale(self) -> None:
        rows, standing = self.store.tables.rows, list(self._standing)
        stale = update(rows).where(rows.c.row_key.in_(standing)).values(stale=True)
        self.store.connection.execute(stale)

    def _write_terms(self) -> None:
        terms = [term for row in self._standing.values() for term in row.terms]
        self.store.writer.upsert(self.store.tables.terms, sorted(terms))

    def _write_letters(self) -> None:
        before = [row for stored in self.change.before for row in stored.rows]
        self.store.delete_letters({row.key for row in before if row.has_dead_letters})
        unreadable = [
            (key, row.scope, letter) for key, row in self._rows.items()
            for letter in row.dead_letters
        ]  # fmt: skip
        self.store.add_letters([*unreadable, *self._refused])

    def _write_lost_letters(self) -> None:
        self.store.add_letters((LOST + key, scope, each) for key, scope, each in self._refused)

    @cached_property
    def _refused(self) -> list[Letter]:
        """A dead letter for each row that stands, or that could not be written."""
        rows: dict[bytes, _Standing | ProjectedRow] = dict(self._standing)
        rows |= {key: row for key, row in self._rows.items() if row.row is not None}
        return [
            (key, row.members[0].key.scope, self._letter(row.id, row.members))
            for key, row in rows.items()
        ]

    def _letter(self, id: str, states: Sequence[State]) -> DeadLetter:
        _, position, event, *_ = max(state.snapshot for state in states if state.snapshot)
        return DeadLetter(self.change.kind.name, id, event, position, REFUSED + self.reason)


def _attempt(store: ComponentStore, write: Callable[[], None]) -> bool:
    """Write something if the database takes it; whether it did."""
    try:
        with store.connection.begin_nested(), store.refusals():
            write()
    except DataRefused:
        return False
    return True


def lost_rows(store: ComponentStore) -> set[tuple[Scope, str]]:
    """The rows of which what is stored does not know all events: they are folded anew."""
    letters = store.control.dead_letters
    of_table = (letters.c.table_name == store.tables.name, is_lost(letters))
    query = select(letters.c.account, letters.c.livemode, letters.c.row_id).where(*of_table)
    rows = store.connection.execute(query)
    return {(Scope(row.account, row.livemode), row.row_id) for row in rows}


def delete_lost(store: ComponentStore, keys: Collection[bytes]) -> None:
    """Delete the dead letters of such rows, which are about to be folded anew."""
    _attempt(store, lambda: store.delete_letters({LOST + key for key in keys}))
