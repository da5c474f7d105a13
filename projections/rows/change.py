"""What a batch changes: the stored components it touches, before and after it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import msgspec

from ledger.identity import stream_bytes
from projections.objects.observation import Key
from projections.objects.state import State
from projections.rows.kind import Kind
from projections.rows.make import ProjectedRow, make_rows

__all__ = ["Change", "ComponentChange", "StoredComponent", "StoredRow", "row_key"]

# Of `pi_3MtwBwLkdIwHu7ix28a3tqPj`, for example, the time and a little of the account.
_PREFIX_CHARACTERS = 12


class StoredRow(msgspec.Struct, array_like=True):
    """A row that a stored component gave: its key, the indexes of its members' states, whether it
    had dead letters; its `created` and the terms that a search finds it by; and whether it is in
    the table: with nothing but dead letters it is not."""

    key: bytes
    members: list[int]
    has_dead_letters: bool
    created: int = 0
    terms: list[str] = []
    is_written: bool = True


class StoredComponent(msgspec.Struct, array_like=True):
    """What is stored of a component: its states and the rows that they gave."""

    states: list[State]
    rows: list[StoredRow]


@dataclass(slots=True, eq=False)
class ComponentChange:
    """One component before and after a batch.

    ``replaced`` are the numbers of the stored components that became this one, none for a new
    one; ``keys`` its objects, seen or only linked to. Rows are projected from the states each time
    they are asked for, so that a batch of thousands holds none in memory.
    """

    kind: Kind
    keys: Collection[Key]
    states: Sequence[State]
    replaced: tuple[int, ...] = ()
    before: tuple[StoredComponent, ...] = ()

    @property
    def states_before(self) -> list[State]:
        """The states before the batch."""
        return [state for stored in self.before for state in stored.states]

    def rows(self) -> list[ProjectedRow]:
        """The rows after the batch."""
        return make_rows(self.kind, self.states)

    def rows_before(self) -> list[ProjectedRow]:
        """The rows before the batch."""
        return make_rows(self.kind, self.states_before)


@dataclass(slots=True, eq=False)
class Change:
    """What a batch changes in one kind, as of its end (``last``: the last event's position).

    ``steps`` (see ``projections.rows.steps``) gives the same position by position.
    """

    kind: Kind
    last: int
    components: list[ComponentChange] = field(default_factory=list)

    def rows(self) -> list[ProjectedRow]:
        """All rows of the touched components after the batch."""
        return [row for component in self.components for row in component.rows()]


def row_key(kind: Kind, key: Key) -> bytes:
    """The key of the row that stands for an object: the beginning of its id, then a hash of all.

    Stripe's ids begin with their time: rows made together are stored together, and writing them
    touches few pages of an index, however large it is. Should objects of two names have one id,
    each has a row.
    """
    prefix = key.id[:_PREFIX_CHARACTERS].encode("ascii", "replace")
    object = kind.object if key.object == kind.root else f"{kind.object} {key.object}"
    return prefix + stream_bytes(key.scope.account, key.scope.livemode, object, key.id)
