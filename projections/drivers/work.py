"""One worker's part of a rebuild: slices of the log into stores, ranges of stores into rows."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import make_url

from ledger import ConfigurationError, Ledger, Log
from ledger.database import read_transaction
from projections.drivers.bulk import Filler, without_garbage_collection
from projections.drivers.draw import draw_range
from projections.errors import AlreadyRunning
from projections.kinds import declared
from projections.rows.family import families
from projections.tables.catalog import Catalog
from projections.tables.engine import engine_at, make_engine
from projections.tables.event_types import Telling
from projections.tables.schema import Unit

__all__ = ["Assignment", "Worker", "assignment", "draw", "fill"]

# How long a worker that is not next holds its batch before it gives its place to others.
_TURN_SECONDS = 5.0
_LOOK_SECONDS = 0.003
# Where a worker on another machine finds the database: no address travels.
_VARIABLE = "LEDGER_DATABASE_URL"


@dataclass(frozen=True)
class Assignment:
    """What a worker of another process has to open: code does not travel, names do.

    ``urls`` are those of the log and of the projections; None: what the worker's own environment
    says. ``units`` are the names of stores, each with those of its rows by kind, and with their
    fingerprints; ``telling``: which events have to be read.
    """

    urls: tuple[str, str] | None
    personal_data: bool
    units: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...]
    telling: Telling | None


class Worker:
    """Does slices and ranges over its own connections."""

    def __init__(
        self, catalog: Catalog, log: Log, units: Sequence[Unit], telling: Telling | None
    ) -> None:
        self._catalog = catalog
        self._log = log
        self._units = units
        self._telling = telling

    def fill(self, after: int, upto: int) -> bool:
        """Take all stores from ``after`` to ``upto`` once they are there; False: not our turn."""
        with without_garbage_collection():
            filler = Filler(self._catalog, self._log, self._units, telling=self._telling)
            if self._position() >= upto:
                return True
            prepared = filler.prepare(after, upto)
            deadline = time.monotonic() + _TURN_SECONDS
            while (position := self._position()) < after:
                if time.monotonic() > deadline:
                    return False
                time.sleep(_LOOK_SECONDS)
            if position >= upto:
                # Somebody else did it, for we were taken for dead.
                return True
            try:
                filler.commit(prepared)
            except AlreadyRunning:
                if self._position() < upto:
                    raise
            return True

    def draw(self, unit: int, first: int, last: int) -> bool:
        """Draw the rows of a range of components."""
        with without_garbage_collection():
            draw_range(self._catalog, self._units[unit], first, last)
        return True

    def _position(self) -> int:
        """How far the stores have read, which move together."""
        with read_transaction(self._catalog.engine) as connection:
            checkpoint = self._catalog.checkpoint(connection, self._units[0].store.name)
        if checkpoint is None:
            raise AlreadyRunning("somebody else dropped the tables of this rebuild")
        return checkpoint.position


def assignment(
    catalog: Catalog,
    log: Log,
    units: Sequence[Unit],
    telling: Telling | None,
    *,
    is_remote: bool,
) -> Assignment | None:
    """What workers need to do the work of some units; None where kinds are not the declared."""
    for personal_data in (True, False):
        kinds = declared(personal_data=personal_data)
        named = [kind for unit in units for kind in unit.family.kinds]
        if all(
            kind.name in kinds and kinds[kind.name].fingerprint == kind.fingerprint
            for kind in named
        ):
            engines = (log.engine, catalog.engine)
            urls = tuple(engine.url.render_as_string(hide_password=False) for engine in engines)
            return Assignment(
                None if is_remote else (urls[0], urls[1]),
                personal_data,
                tuple(
                    (
                        unit.store.name,
                        unit.family.fingerprint,
                        tuple(
                            (each.kind.name, each.name, each.kind.fingerprint) for each in unit.rows
                        ),
                    )
                    for unit in units
                ),
                telling,
            )
    return None


def fill(assigned: Assignment, after: int, upto: int) -> bool:
    """``Worker.fill`` in a process that has nothing yet."""
    return _worker(assigned).fill(after, upto)


def draw(assigned: Assignment, unit: int, first: int, last: int) -> bool:
    """``Worker.draw`` in a process that has nothing yet."""
    return _worker(assigned).draw(unit, first, last)


@cache
def _opened(urls: tuple[str, str] | None) -> tuple[Catalog, Log]:
    if urls is None and _VARIABLE not in os.environ:
        raise ConfigurationError(f"a worker has no {_VARIABLE} in its environment")
    ledger = Ledger.open(urls[0] if urls is not None else os.environ[_VARIABLE])
    engine = engine_at(make_url(urls[1])) if urls is not None else make_engine(ledger)
    return Catalog(engine, ledger.log), ledger.log


@cache
def _worker(assigned: Assignment) -> Worker:
    catalog, log = _opened(assigned.urls)
    kinds = declared(personal_data=assigned.personal_data)
    family_of = {kind.name: family for family in families(kinds.values()) for kind in family.kinds}
    units = []
    for store, fingerprint, rows in assigned.units:
        family = family_of.get(rows[0][0])
        its = {kind: kinds[kind].fingerprint if kind in kinds else None for kind, _, _ in rows}
        if (
            family is None
            or family.fingerprint != fingerprint
            or its != {kind: declared for kind, _, declared in rows}
        ):
            raise ConfigurationError(
                "a worker has another version of the ledger than the one that rebuilds"
            )
        drawn = tuple(catalog.tables(kinds[kind], name) for kind, name, _ in rows)
        units.append(Unit(catalog.store(family, store), drawn))
    return Worker(catalog, log, units, assigned.telling)
