"""Loading the components that a batch touches, and writing what it changes: one family's store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext

from sqlalchemy import Connection, func, select

from projections.objects.observation import Key, Scope
from projections.rows.batch import LinkedBatch
from projections.rows.change import ComponentChange, StoredComponent
from projections.rows.components import object_keys
from projections.rows.merge import Stored
from projections.tables.component import decode, encode
from projections.tables.refusals import refusals
from projections.tables.schema import StoreTables
from projections.tables.writer import WRITERS, Writer

__all__ = ["MANY", "ComponentStore"]

# From so many components on their rows are worth a step each.
MANY = 200
_KEY = "id, object, account, livemode"

Contents = Mapping[ComponentChange, bytes]


class ComponentStore:
    """Reads and writes one family's store over a connection."""

    def __init__(self, connection: Connection, tables: StoreTables) -> None:
        self.connection = connection
        self.tables = tables
        self.family = tables.family
        self._writer: Writer = WRITERS[connection.dialect.name](connection)

    def load(self, batch: LinkedBatch) -> Stored:
        """The stored components that a batch touches."""
        numbers = self.numbers([key for group in batch.groups for key in group.keys])
        return Stored(numbers, self.components(set(numbers.values())))

    def numbers(self, keys: Collection[Key]) -> dict[Key, int]:
        """The component of each object that was seen or linked to before."""
        if not keys:
            return {}
        wanted = set(keys)
        ids = {key.id for key in keys}
        rows = self._writer.select(self.tables.objects, f"{_KEY}, component", "id", ids)
        known = {
            Key(Scope(account or None, bool(livemode)), object, id): number
            for id, object, account, livemode, number in rows
        }
        return {key: number for key, number in known.items() if key in wanted}

    def numbers_of_id(self, id: str) -> set[int]:
        """The components in which an object has an id."""
        rows = self._writer.select(self.tables.objects, "component", "id", [id])
        return {number for (number,) in rows}

    def components(self, numbers: Collection[int]) -> dict[int, StoredComponent]:
        """Some components, by number."""
        rows = self._writer.select(
            self.tables.components, "component, content", "component", numbers
        )
        return {number: decode(bytes(content)) for number, content in rows}

    def components_between(self, first: int, last: int) -> dict[int, StoredComponent]:
        """The components with some numbers, both included."""
        components = self.tables.components
        number = components.c.component
        query = select(components).where(number.between(first, last)).order_by(number)
        return {
            number: decode(bytes(content)) for number, content in self.connection.execute(query)
        }

    def greatest_number(self) -> int:
        """The greatest number that a component has; 0 where there is none."""
        greatest = select(func.max(self.tables.components.c.component))
        return self.connection.execute(greatest).scalar() or 0

    def write(self, components: Sequence[ComponentChange], contents: Contents) -> None:
        """Write changed components; ``contents`` has those that were encoded ahead.

        Raises ``DataRefused`` where something cannot be stored: the transaction, or its savepoint,
        has to be rolled back then.
        """
        new = [change for change in components if not change.replaced]
        replacing = [change for change in components if change.replaced]
        with refusals(self.connection):
            if new:
                self._add(new, contents)
            if replacing:
                self._replace(replacing)

    def _add(self, changes: Sequence[ComponentChange], contents: Contents) -> None:
        """Insert components none of whose objects is stored."""
        numbered = list(enumerate(changes, self.greatest_number() + 1))
        writer, tables = self._writer, self.tables
        with writer.together() if len(changes) < MANY else nullcontext():
            writer.insert(
                tables.components,
                [(number, contents.get(each) or encode(each.states)) for number, each in numbered],
            )
            writer.insert(
                tables.objects,
                sorted(_object(key, number) for number, each in numbered for key in each.keys),
            )

    def _replace(self, changes: Sequence[ComponentChange]) -> None:
        """Write components in the place of those that they replace, under the least number."""
        writer, tables = self._writer, self.tables
        known = {
            key: number
            for change in changes
            for number, stored in zip(change.replaced, change.before, strict=True)
            for key in object_keys(self.family.objects, stored.states)
        }
        moved = sorted(
            _object(key, change.replaced[0])
            for change in changes
            for key in change.keys
            if known.get(key) != change.replaced[0]
        )
        dropped = {number for change in changes for number in change.replaced[1:]}
        with writer.together():
            writer.delete(tables.components, "component", dropped)
            writer.upsert(
                tables.components, [(each.replaced[0], encode(each.states)) for each in changes]
            )
            writer.upsert(tables.objects, moved)


def _object(key: Key, number: int) -> tuple[str, str, str, bool, int]:
    return (key.id, key.object, key.scope.account or "", key.scope.livemode, number)
