"""What a batch changes: the stored components it touches, before and after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from ledger.identity import stream_bytes
from projections.objects.observation import Key
from projections.objects.state import State
from projections.rows.kind import Kind
from projections.rows.make import ProjectedRow, make_rows

__all__ = ["Change", "ComponentChange", "StoredComponent", "row_key", "row_keys"]

# Of `pi_3MtwBwLkdIwHu7ix28a3tqPj`, for example, the time and a little of the account.
_PREFIX_CHARACTERS = 12


class StoredComponent(msgspec.Struct, array_like=True):
    """What is stored of a component: the states of its objects."""

    states: list[State]


@dataclass(slots=True, eq=False)
class ComponentChange:
    """One component before and after a batch.

    ``replaced`` are the numbers of the stored components that became this one, none for a new
    one; ``keys`` its objects, seen or only linked to; ``observed`` names the objects of which there
    is something new, where that is known. Rows are projected from the states each time they are
    asked for: of a batch of thousands those of one kind are in memory at a time.
    """

    keys: Collection[Key]
    states: Sequence[State]
    replaced: tuple[int, ...] = ()
    before: tuple[StoredComponent, ...] = ()
    observed: frozenset[str] | None = None

    @property
    def states_before(self) -> list[State]:
        """The states before the batch."""
        return [state for stored in self.before for state in stored.states]

    def concerns(self, kind: Kind) -> bool:
        """Whether it may have changed rows of a kind."""
        names, observed = kind.member_names, self.observed
        if observed is not None and len(self.replaced) == 1 and observed.isdisjoint(kind.objects):
            return False
        return any(key.object in names for key in self.keys)

    def rows(self, kind: Kind) -> list[ProjectedRow]:
        """The rows of a kind after the batch."""
        return make_rows(kind, self.states)

    def rows_before(self, kind: Kind) -> list[ProjectedRow]:
        """The rows of a kind before the batch."""
        return make_rows(kind, self.states_before)


@dataclass(slots=True, eq=False)
class Change:
    """What a batch changes, as of its end (``last``: the last event's position).

    ``steps`` (see ``projections.rows.steps``) gives the same position by position.
    """

    last: int
    components: list[ComponentChange] = field(default_factory=list)

    def rows(self, kind: Kind) -> list[ProjectedRow]:
        """All rows of a kind in the touched components after the batch."""
        return [row for component in self.components for row in component.rows(kind)]


def row_keys(kind: Kind, keys: Iterable[Key]) -> set[bytes]:
    """The keys of all rows that can stand for some objects: a row stands for a member."""
    return {row_key(kind, key) for key in keys if key.object in kind.member_names}


def row_key(kind: Kind, key: Key) -> bytes:
    """The key of the row that stands for an object: the beginning of its id, then a hash of all.

    Stripe's ids begin with their time: rows made together are stored together, and writing them
    touches few pages of an index, however large it is. Should objects of two names have one id,
    each has a row.
    """
    prefix = key.id[:_PREFIX_CHARACTERS].encode("ascii", "replace")
    object = kind.object if key.object == kind.root else f"{kind.object} {key.object}"
    return prefix + stream_bytes(key.scope.account, key.scope.livemode, object, key.id)
