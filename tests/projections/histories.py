"""Histories into ledgers and rows out of them: what the laws of this folder are stated in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch

from sqlalchemy import Connection, Engine, event, select

from ledger import Delivery, Event, Ledger, RecordedEvent, Snapshot, read_delivery
from ledger.database import read_transaction, write_transaction
from projections import KINDS, Kind, Page, Projections, RowSelector
from projections.drivers.bulk import Filler
from projections.drivers.follow import advance
from projections.drivers.rebuild import draw_units
from projections.drivers.serving import Serving
from projections.rows.project import project
from projections.rows.terms import row_terms
from projections.tables.component import Term, shown_row
from projections.tables.schema import KindTables, Unit
from projections.tables.writer import WRITERS

Json = dict[str, Any]
Scoped = tuple[str | None, bool, str]
Rows = dict[str, dict[Scoped, Json]]
# What comes into a log: an event, or a snapshot record.
Told = TypeVar("Told", bound="Json | Snapshot")

# Fields that hang on arrival: the only ones in which two deliveries of one history may differ.
ARRIVAL = ("position",)
ARRIVAL_OF_ENTRIES = ("position", "received_at", "late")

RECEIVED_AT = 1_800_000_000_000_000


def delivery(event: Json | Snapshot, received_at: int = RECEIVED_AT) -> Delivery:
    """The event as Stripe would send it, verified; or what Stripe answered, as it is recorded."""
    if isinstance(event, Snapshot):
        return event.delivery(received_at)
    sent = json.dumps(event).encode()
    return Delivery(sent, "webhook", received_at, read_delivery(sent))


def recorded(position: int, event: Json | Snapshot) -> RecordedEvent:
    """The row of the log that the event would be at a position."""
    sent = delivery(event)
    fact, body = sent.fact, sent.body
    assert isinstance(fact, Event), fact
    return RecordedEvent(
        position, fact.id, fact.object_id, fact.type, fact.account, fact.livemode,
        fact.api_version, fact.created, RECEIVED_AT, sent.source, b"", body, len(body),
    )  # fmt: skip


def entries(events: Iterable[Json | Snapshot]) -> list[RecordedEvent]:
    """A log of events, as the fold reads it."""
    return [recorded(position, event) for position, event in enumerate(events, start=1)]


def folded(log: Iterable[RecordedEvent], kinds: Mapping[str, Kind] = KINDS) -> Rows:
    """The rows that the pure fold gives, without what hangs on arrival."""
    log = list(log)
    return {
        name: {
            scoped(projected.row): without(projected.row, ARRIVAL)
            for projected in project(kind, log)
            if projected.row is not None
        }
        for name, kind in kinds.items()
    }


def rows(events: Iterable[Json | Snapshot]) -> Rows:
    """The rows of some events."""
    return folded(entries(events))


def scoped(row: Json) -> Scoped:
    """A row's identity: an id says which object only within an account and mode."""
    return (row["account"], row["livemode"], row["id"])


def without(row: Json, names: Sequence[str]) -> Json:
    """The row but for some fields."""
    return {name: value for name, value in row.items() if name not in names}


def shuffled(events: Sequence[Json], seed: int, duplicates: float = 0.3) -> list[Json]:
    """The events in another order, some of them twice."""
    random = Random(seed)
    sent = [*events, *(event for event in events if random.random() < duplicates)]
    random.shuffle(sent)
    return sent


def unique(events: Iterable[Told]) -> list[Told]:
    """The first of each event id: what the log keeps of repeated deliveries."""
    first: dict[str, Told] = {}
    for each in events:
        first.setdefault(each.id if isinstance(each, Snapshot) else each["id"], each)
    return list(first.values())


def differing(actual: Rows, expected: Rows) -> list[str]:
    """Where two sets of rows differ, in words short enough for a failed test."""
    lines = []
    for kind in expected.keys() | actual.keys():
        left, right = actual.get(kind, {}), expected.get(kind, {})
        lines += [f"{kind} {key}: too many" for key in left.keys() - right.keys()]
        lines += [f"{kind} {key}: missing" for key in right.keys() - left.keys()]
        lines += [
            f"{kind} {key} {name}: found {left[key].get(name)!r}, expected {value!r}"
            for key in left.keys() & right.keys()
            for name, value in right[key].items()
            if left[key].get(name) != value
        ]
    return sorted(lines)


class Crash(BaseException):
    """The process ends here, as a kill would end it."""


@dataclass
class Store:
    """A ledger with its projections, on a database of its own."""

    ledger: Ledger
    projections: Projections

    @classmethod
    def open(cls, url: str, kinds: Mapping[str, Kind] = KINDS, *, create: bool = False) -> Store:
        """The ledger at a URL; its tables are there unless ``create`` has to make them."""
        ledger = Ledger.open(url, create=create)
        projections = Projections.open(ledger, kinds)
        if create:
            projections.create()
        return cls(ledger, projections)

    def close(self) -> None:
        self.projections.close()
        self.ledger.close()

    def restart(self) -> None:
        """A new process takes over the follower's work."""
        self.projections.close()
        self.projections = Projections.open(self.ledger, self.projections.kinds)

    def append(self, events: Iterable[Json | Snapshot]) -> None:
        self.ledger.append([delivery(event) for event in events])

    def deliver(self, events: Iterable[Json | Snapshot]) -> None:
        """Append events in one transaction and follow to the head."""
        self.append(events)
        self.follow()

    def follow(self) -> None:
        while self.projections.follow():
            pass

    def advance(self, batch: int, kinds: Iterable[str] = KINDS) -> int:
        """One round of the follower over some kinds, with a batch of a given size."""
        catalog = self.projections.catalog
        chosen = [self.projections.kinds[name] for name in kinds]
        units = Serving.read(catalog, self.projections.families).units_of(chosen)
        return advance(catalog, self.ledger.log, units, batch=batch)

    def living(self) -> Rows:
        """All rows as the lists show them, with what hangs on arrival."""
        return {name: {scoped(row): row for row in self.items(name)} for name in KINDS}

    def rows(self) -> Rows:
        """All rows as the lists show them, without what hangs on arrival."""
        return {
            name: {key: without(row, ARRIVAL) for key, row in result.items()}
            for name, result in self.living().items()
        }

    def items(self, kind: str, **filters: Any) -> list[Json]:
        """A whole list, page by page; the pages part where ids of several scopes are alike."""
        return self.projections.list(kind, filters=filters, page=Page(limit=100_000)).items

    def timelines(self) -> dict[tuple[str, Scoped], list[Json]]:
        """The timeline of every row, without what hangs on arrival."""
        result = {}
        for kind, rows in self.rows().items():
            for account, livemode, id in rows:
                selector = RowSelector(account=account or "self", livemode=livemode)
                timeline = self.projections.timeline(kind, id, selector).items
                lines = [without(line, ARRIVAL_OF_ENTRIES) for line in timeline]
                result[kind, (account, livemode, id)] = lines
        return result

    def wrong_terms(self) -> dict[str, set[Term]]:
        """The terms of live tables that are not those of the rows, on either side."""
        catalog, kinds = self.projections.catalog, self.projections.kinds
        with read_transaction(catalog.engine) as connection:
            live_tables = catalog.live_tables(connection)
            wrong = {
                name: _wrong_terms(connection, catalog.tables(kind, live_tables[name].table_name))
                for name, kind in kinds.items()
            }
        return {name: terms for name, terms in wrong.items() if terms}

    def in_batches(self, number: int) -> Rows:
        """All rows as a rebuild gives them that works so many batches out before it writes one."""
        catalog, log = self.projections.catalog, self.ledger.log
        units = []
        with write_transaction(catalog.engine) as connection:
            for family in self.projections.families:
                store = catalog.store(family, f"{family.name}_states_in_{number}")
                catalog.make_store(connection, store)
                tables = [catalog.tables(kind, f"{kind.name}_in_{number}") for kind in family.kinds]
                for each in tables:
                    catalog.make(connection, each, store, indexed=False)
                units.append(Unit(store, tuple(tables)))
        filler, head = Filler(catalog, log, units), log.head().position
        size = -(-head // number) or 1
        for batch in [filler.prepare(at, min(at + size, head)) for at in range(0, head, size)]:
            filler.commit(batch)
        draw_units(catalog, log, units, workers=None, report=lambda _: None)
        drawn = [each for unit in units for each in unit.rows]
        with write_transaction(catalog.engine) as connection:
            result = {each.kind.name: _shown(connection, each) for each in drawn}
            assert not any(_wrong_terms(connection, each) for each in drawn)
            for each in drawn:
                catalog.drop(connection, each.name)
        return result

    @contextmanager
    def crashing(self, statement: int) -> Iterator[None]:
        """The follower dies at its n-th statement from here, wherever that is."""
        with crashing(self.projections.catalog.engine, statement):
            yield
        self.restart()


@contextmanager
def crashing(engine: Engine, statement: int) -> Iterator[None]:
    """Whoever works with an engine dies at its n-th statement from here, wherever that is."""
    left = [statement]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Crash

    event.listen(engine, "before_cursor_execute", count)
    try:
        # What is written by the thousand goes past SQLAlchemy: it counts too.
        with patch.dict(WRITERS, {name: _counted(each, count) for name, each in WRITERS.items()}):
            yield
    except Crash:
        pass
    finally:
        event.remove(engine, "before_cursor_execute", count)


def _wrong_terms(connection: Connection, tables: KindTables) -> set[Term]:
    written: set[Term] = {
        (term, created, bytes(key))
        for term, created, key in connection.execute(select(tables.terms))
    }
    types = {column.name: column.type for column in tables.kind.columns}
    rows = connection.execute(select(tables.rows)).mappings().all()
    return written ^ {
        (term, row["created"], bytes(row["row_key"]))
        for row in rows
        for term in row_terms(tables.kind, shown_row(types, row))
    }


def _shown(connection: Connection, tables: KindTables) -> dict[Scoped, Json]:
    types = {column.name: column.type for column in tables.kind.columns}
    result = [shown_row(types, row) for row in connection.execute(select(tables.rows)).mappings()]
    return {scoped(row): row for row in result}


def _counted(writer: Callable[[Connection], Any], count: Callable[[], None]) -> type:
    class Counted:
        def __init__(self, connection: Connection) -> None:
            self._writer = writer(connection)

        def __getattr__(self, name: str) -> Any:
            count()
            return getattr(self._writer, name)

    return Counted
