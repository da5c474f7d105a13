"""What serves: the stores and tables of rows to be followed, and what has to be built."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ledger.database import read_transaction
from projections.drivers.claims import Claims, Due
from projections.errors import NotReady
from projections.rows.family import Family
from projections.rows.kind import Kind
from projections.tables.belonging import Checkpoint
from projections.tables.catalog import Catalog, LiveTable
from projections.tables.live import of_another_log
from projections.tables.schema import Unit

__all__ = ["Serving"]

# Rows that are further behind their store are drawn anew, beside those that serve.
_FAR_BEHIND = 20_000


@dataclass(frozen=True)
class Serving:
    """The live tables, as of one moment, with how far they and their stores have read."""

    catalog: Catalog
    families: Sequence[Family]
    live_tables: Mapping[str, LiveTable]
    checkpoints: Mapping[str, Checkpoint]
    requested: frozenset[str]
    abandoned: Mapping[str, str | None]

    @classmethod
    def read(cls, catalog: Catalog, families: Sequence[Family]) -> Serving:
        """What serves now."""
        kinds = {kind.name: kind for family in families for kind in family.kinds}
        with read_transaction(catalog.engine) as connection:
            return cls(
                catalog,
                families,
                catalog.live_tables(connection),
                catalog.checkpoints(connection),
                Claims(catalog).requested(connection, kinds),
                Claims(catalog).abandoned(connection, kinds),
            )

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        with read_transaction(self.catalog.engine) as connection:
            return self.catalog.fingerprints(connection)

    def lacks(self, kinds: Iterable[str]) -> bool:
        """Whether some kinds have no live table yet."""
        return not set(kinds) <= self.live_tables.keys()

    def units(self) -> list[Unit]:
        """What this version follows: each store that live rows of its own are drawn from."""
        return [
            unit
            for family in self.families
            for unit in self._units(family, [k for k in family.kinds if self._is_followed(k)])
        ]

    def units_of(self, kinds: Sequence[Kind]) -> list[Unit]:
        """The units that some kinds' live rows are in; raises ``NotReady``."""
        for kind in kinds:
            if not self._is_followed(kind):
                raise NotReady(
                    f"{kind.name} are served by a table of another version: run `ledger rebuild`"
                )
        return [unit for unit in self.units() if any(tables.kind in kinds for tables in unit.rows)]

    def due(self) -> list[Due]:
        """What is to be built, for its declaration is new, it was asked for, or the log is another.

        Where only rows are new they are drawn from the states that there are.
        """
        due = []
        for family in self.families:
            known = [kind for kind in family.kinds if kind.name in self.live_tables]
            foreign = [kind for kind in known if not self._belongs(kind)]
            for kind in foreign:
                warnings.warn(of_another_log(kind), stacklevel=3)
            renewed = [kind for kind in known if self._is_new(kind)]
            left = [kind for kind in known if kind.name in self.abandoned]
            store = self._states_of(family) if renewed or left else None
            whole = any(self.abandoned[kind.name] != store for kind in left)
            if foreign or whole or any(kind.name in self.requested for kind in known):
                due.append(Due(family, family.kinds))
            elif renewed or left:
                renewed = [kind for kind in family.kinds if kind in renewed or kind in left]
                due.append(Due(family, tuple(renewed) if store else family.kinds, store))
        return due

    def states_of(self, family: Family) -> str:
        """The store that a family's rows can be drawn from; raises ``NotReady``."""
        store = self._states_of(family)
        if store is None:
            raise NotReady(
                f"there are no states that {family.name} could be drawn from: rebuild them from"
                " the log"
            )
        return store

    def _states_of(self, family: Family) -> str | None:
        for kind in family.kinds:
            live_table = self.live_tables.get(kind.name)
            if live_table is None or live_table.store not in self.checkpoints:
                continue
            # One that nothing was read into has nothing to be drawn.
            checkpoint = self.checkpoints[live_table.store]
            if (
                self._fingerprints[live_table.store] == family.fingerprint
                and checkpoint.position > 0
                and self.catalog.belonging.holds(checkpoint)
            ):
                return live_table.store
        return None

    def _units(self, family: Family, kinds: Iterable[Kind]) -> list[Unit]:
        by_store: dict[str, list[Kind]] = {}
        for kind in kinds:
            by_store.setdefault(self.live_tables[kind.name].store, []).append(kind)
        return [
            Unit(
                self.catalog.store(family, store),
                tuple(
                    self.catalog.tables(kind, self.live_tables[kind.name].table_name)
                    for kind in its
                ),
            )
            for store, its in by_store.items()
        ]

    def _is_followed(self, kind: Kind) -> bool:
        live_table = self.live_tables.get(kind.name)
        return (
            live_table is not None
            and live_table.fingerprint == kind.fingerprint
            and not self._is_new(kind)
        )

    def _is_new(self, kind: Kind) -> bool:
        """Whether a kind's table is still to be built: no such ever served, or it was left far
        behind by a version that follows its store and not its rows."""
        live_table = self.live_tables[kind.name]
        if kind.fingerprint not in live_table.history:
            return True
        store = self.checkpoints.get(live_table.store)
        rows = self.checkpoints.get(live_table.table_name)
        return (
            live_table.fingerprint == kind.fingerprint
            and store is not None
            and rows is not None
            and store.position - rows.position > _FAR_BEHIND
        )

    def _belongs(self, kind: Kind) -> bool:
        """Whether a live table belongs to the log."""
        live_table = self.live_tables[kind.name]
        checkpoints = map(self.checkpoints.get, (live_table.table_name, live_table.store))
        return all(each is None or self.catalog.belonging.holds(each) for each in checkpoints)
