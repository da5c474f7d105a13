"""The check: the journal worked out anew from the log, and its sums and proofs from its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from ledger import Log
from ledger.database import read_transaction
from projections.drivers.bulk import Progress
from projections.drivers.generations import worked_out_anew
from projections.journal.entry import Entry
from projections.journal.stored.balances import balances, balances_by_lines, wrong_slots
from projections.journal.stored.batch import JournalBatch
from projections.journal.stored.entries import EntryStore
from projections.journal.stored.tables import JournalTables
from projections.journal.stored.unproven import unproven
from projections.journal.stored.view import View
from projections.tables.generations import GenerationCatalog

__all__ = ["JournalCatalog", "JournalDifference", "compare", "entries_upto"]

JournalCatalog = GenerationCatalog[JournalTables]

_CHUNK = 500
# At so many positions, evenly apart, the sums are compared with the lines.
_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class JournalDifference:
    """An entry that the journal lacks, has too many, or has otherwise than the log gives it; or
    what its sums say otherwise than its lines. ``id`` is the entry's, or names the figure."""

    problem: Literal["missing", "unexpected", "differs", "sum"]
    id: str


def compare(
    catalog: JournalCatalog, log: Log, progress: Progress | None = None
) -> Iterator[JournalDifference]:
    """Every difference between this version's journal and the log, up to the journal's position.

    The live tables are only read.
    """
    with read_transaction(catalog.engine) as connection:
        living = catalog.own(connection)
    if living is None or living.position == 0:
        return
    upto, tables = living.position, catalog.tables(living.name)
    with (
        worked_out_anew(catalog, log, JournalBatch, "journal", upto=upto, progress=progress) as (
            expected,
            scratch,
        ),
        read_transaction(catalog.engine) as actual,
    ):
        yield from _merged(
            entries_upto(expected, scratch, upto), entries_upto(actual, tables, upto)
        )
        newest = catalog.again(actual, living)
        if newest is not None:
            yield from _sums(actual, tables, newest.position)


def entries_upto(connection: Connection, tables: JournalTables, upto: int) -> Iterator[Entry]:
    """All entries that began up to a position, as they were known then, in their order."""
    entries, store = tables.entries, EntryStore(connection, tables)
    after, order = -1, (entries.c.known_from, entries.c.place)
    while after < upto:
        last = connection.execute(
            select(entries.c.known_from)
            .where(entries.c.known_from > after, entries.c.known_from <= upto)
            .order_by(*order)
            .offset(_CHUNK)
            .limit(1)
        ).scalar()
        until = upto if last is None else last
        query = select(entries).where(entries.c.known_from.between(after + 1, until))
        for placed in store.read(query.order_by(*order)):
            yield placed.entry.as_of(upto)
        after = until


def _merged(expected: Iterator[Entry], actual: Iterator[Entry]) -> Iterator[JournalDifference]:
    left, right = next(expected, None), next(actual, None)
    while left is not None or right is not None:
        if left == right:
            left, right = next(expected, None), next(actual, None)
        elif right is None or (left is not None and left.known_from < right.known_from):
            assert left is not None
            yield JournalDifference("missing", left.id)
            left = next(expected, None)
        elif left is None or right.known_from < left.known_from:
            yield JournalDifference("unexpected", right.id)
            right = next(actual, None)
        else:
            yield JournalDifference("differs", right.id)
            left, right = next(expected, None), next(actual, None)


def _sums(connection: Connection, tables: JournalTables, upto: int) -> Iterator[JournalDifference]:
    """What is summed up to a journal's position otherwise than its lines say."""
    for number in range(1, _SAMPLES + 1):
        view = View(at_position=upto * number // _SAMPLES)
        summed = set(balances(connection, tables, view))
        for each in summed ^ set(balances_by_lines(connection, tables, view)):
            yield JournalDifference(
                "sum", f"{each.ledger_account} {each.currency} at {view.at_position}"
            )
    for slot in sorted(wrong_slots(connection, tables)):
        yield JournalDifference("sum", f"slot {slot}")
    noted = set(unproven(connection, tables, View(at_position=upto), is_newest=True))
    counted = set(unproven(connection, tables, View(at_position=upto), is_newest=False))
    for item in noted ^ counted:
        yield JournalDifference("sum", f"{item.ledger_account} {item.object_id} {item.currency}")
