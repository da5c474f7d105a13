"""The seam: merging changes nothing that it is given, and can be had position by position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import RecordedEvent
from ledger.database import read_transaction
from projections import KINDS, Kind
from projections.drivers.batch import EarlierEvents
from projections.drivers.serving import Serving
from projections.rows.batch import LinkedBatch, read_batch
from projections.rows.make import ProjectedRow
from projections.rows.merge import Earlier, Touched, merge
from projections.rows.project import project
from projections.rows.steps import steps
from projections.tables.component import encode
from projections.tables.store import ComponentStore
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store, unique
from tests.projections.laws import a_history, law

Rows = dict[tuple[str | None, bool, str], Json]


def loaded(store: Store, kind: Kind, events: list[RecordedEvent]) -> tuple[Touched, Earlier]:
    """A batch that was not read yet, beside what is stored of its objects."""
    catalog = store.projections.catalog
    [unit] = Serving.read(catalog, store.projections.families).units_of([kind])
    batch = read_batch(events, unit.family.objects)
    linked = LinkedBatch(unit.family, batch)
    with read_transaction(catalog.engine) as connection:
        stored = ComponentStore(connection, unit.store).load(linked)
    touched = Touched(linked, stored)
    earlier = EarlierEvents(store.ledger.log, batch).load(touched.needs(all_anchors=True))
    return touched, earlier


def by_scope(rows: list[ProjectedRow]) -> Rows:
    return {
        (projected.scope.account, projected.scope.livemode, projected.id): projected.row
        for projected in rows
        if projected.row is not None
    }


def known(kind: Kind, store: Store, position: int) -> Rows:
    """The rows of all events up to a position, folded without any of this."""
    return by_scope(project(kind, store.ledger.log.scan(0, position)))


def is_part_of(part: Rows, whole: Rows) -> bool:
    return all(whole.get(key) == row for key, row in part.items())


@st.composite
def a_split_history(draw: st.DrawFn) -> tuple[list[Json], int]:
    """Events in any order, and how many of them were read before."""
    events = unique(draw(st.permutations(draw(a_history(most=2)).events)))
    return events, draw(st.integers(0, len(events) - 1))


@law(15)
@given(data=st.data())
def test_steps_and_merging_agree_with_the_fold(opened: Opened, data: st.DataObject) -> None:
    """At each position the rows are those of the events so far; the last are the batch's."""
    events, read = data.draw(a_split_history())
    with opened("sqlite") as store:
        if read:
            store.deliver(events[:read])
        store.append(events[read:])
        batch = store.ledger.log.scan(read, len(events))
        for kind in KINDS.values():
            check(kind, store, read, *loaded(store, kind, batch))


def check(kind: Kind, store: Store, read: int, touched: Touched, earlier: Earlier) -> None:
    stored = msgspec.msgpack.encode(list(touched.stored.components.values()))
    change = merge(touched, earlier)
    taken = list(steps(kind, touched, earlier))
    last: dict[int, Rows] = {}
    for component in change.components:
        before, after = by_scope(component.rows_before(kind)), by_scope(component.rows(kind))
        assert is_part_of(before, known(kind, store, read))
        assert is_part_of(after, known(kind, store, change.last))
    for step in taken:
        assert is_part_of(by_scope(step.before), known(kind, store, step.position - 1))
        assert is_part_of(by_scope(step.after), known(kind, store, step.position))
        last[step.component] = by_scope(step.after)

    assert {key: row for rows in last.values() for key, row in rows.items()} == by_scope(
        change.rows(kind)
    )
    # Nothing of what was loaded is altered by merging: the same again gives the same.
    assert msgspec.msgpack.encode(list(touched.stored.components.values())) == stored
    assert list(contents(merge(touched, earlier))) == list(contents(change))


def contents(change: Any) -> Iterator[bytes]:
    for component in change.components:
        yield encode(component.states)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_batch_of_nothing_changes_nothing(opened: Opened, name: str) -> None:
    """No events, no components, no steps."""
    with opened("sqlite") as store:
        touched, earlier = loaded(store, KINDS[name], [])

        assert merge(touched, earlier).components == []
        assert list(steps(KINDS[name], touched, earlier)) == []
