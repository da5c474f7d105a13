"""Which objects are in one component: all that the journal stores between batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from projections.objects.observation import Key, Scope
from projections.rows.batch import Group
from projections.rows.disjoint import DisjointSets
from projections.tables.writer import WRITERS, Writer

__all__ = ["JoinedMembers", "MemberStore", "join"]

_KEY = "id, object, account, livemode"
# So few rows go to the database in one step.
_FEW = 200
Node = tuple[str, int]
Row = tuple[str, str, str, bool, int]


@dataclass(frozen=True, slots=True)
class JoinedMembers:
    """A component as a batch leaves it: its objects, those of its batch, and what it was before.

    ``known`` are the numbers of the components that it was, none where all its objects are new.
    """

    keys: tuple[Key, ...]
    groups: tuple[Group, ...]
    known: tuple[int, ...]


class MemberStore:
    """Reads and writes the members of components over a connection."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection = connection
        self._table = table
        self._writer: Writer = WRITERS[connection.dialect.name](connection)

    def numbers(self, keys: Collection[Key]) -> dict[Key, int]:
        """The component of each object that was seen or linked to before."""
        rows = self._writer.select(
            self._table, f"{_KEY}, component", "id", {key.id for key in keys}
        )
        known = {_read(row[:4]): row[4] for row in rows}
        return {key: known[key] for key in keys if key in known}

    def keys(self, numbers: Collection[int]) -> Mapping[int, list[Key]]:
        """The objects of some components."""
        members: dict[int, list[Key]] = defaultdict(list)
        rows = self._writer.select(self._table, f"{_KEY}, component", "component", numbers)
        for row in rows:
            members[row[4]].append(_read(row[:4]))
        return members

    def write(self, joined: Iterable[JoinedMembers]) -> None:
        """Write the objects that are new in each component, or came from another one."""
        greatest = self._connection.execute(select(func.max(self._table.c.component))).scalar()
        free = (greatest or 0) + 1
        new: list[Row] = []
        moved: list[Row] = []
        for each in joined:
            number = each.known[0] if each.known else free
            free += not each.known
            rows = [_written(key, number) for key in each.keys]
            (moved if each.known else new).extend(rows)
        with self._writer.together() if len(new) < _FEW else nullcontext():
            self._writer.insert(self._table, sorted(new))
            self._writer.upsert(self._table, sorted(moved))


def join(groups: Iterable[Group], store: MemberStore) -> list[JoinedMembers]:
    """The components that a batch touches, as it leaves them."""
    groups = list(groups)
    numbers = store.numbers([key for group in groups for key in group.keys])
    known_keys = store.keys(set(numbers.values()))
    sets = DisjointSets[Node]()
    for index, group in enumerate(groups):
        known = {numbers[key] for key in group.keys if key in numbers}
        sets.join([("group", index), *(("component", number) for number in known)])
    parts: dict[Node, tuple[list[Group], list[int]]] = defaultdict(lambda: ([], []))
    for index, group in enumerate(groups):
        parts[sets.find(("group", index))][0].append(group)
    for number in known_keys:
        parts[sets.find(("component", number))][1].append(number)
    joined = []
    for its_groups, its_numbers in parts.values():
        keys = dict.fromkeys(key for number in its_numbers for key in known_keys[number])
        keys |= dict.fromkeys(key for group in its_groups for key in group.keys)
        joined.append(JoinedMembers(tuple(keys), tuple(its_groups), tuple(sorted(its_numbers))))
    return joined


def _read(row: tuple[str, str, str, bool]) -> Key:
    id, object, account, livemode = row
    return Key(Scope(account or None, bool(livemode)), object, id)


def _written(key: Key, number: int) -> Row:
    return (key.id, key.object, key.scope.account or "", key.scope.livemode, number)
