"""Every list goes by an index, however many rows there are and however few fit its filters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Connection, text

from ledger import UnknownCursor
from ledger.database import read_transaction, write_transaction
from projections import KINDS, Kind, Page, Type
from projections.tables.schema import KindTables
from tests.plans import numbers, watched
from tests.projections.cases import event
from tests.projections.conftest import Opened
from tests.projections.histories import Store
from tests.projections.laws import DIALECTS
from tests.projections.payouts import table_of

ROWS = 100_000
# Of the kinds without a filter of a sort of their own: enough for the same plans.
FEWER_ROWS = 10_000
# So few have the value `rare`, and they are the oldest: what newest-first comes to last.
RARE = 20
BEGIN = 1_700_000_000

OTHERS = {
    "account": "CASE WHEN n <= {rare} THEN NULL WHEN n % 3 = 0 THEN 'common'"
    " WHEN n % 3 = 1 AND n <= {half} THEN 'old' ELSE 'acct_' || n % 1000 END",
    "livemode": "n > {rare}",
    "created": f"{BEGIN} + n / 5",
    "id": "'id_' || n",
}
# The half of the rows that is older has one value; of ids the other half has as many.
CODE = "CASE WHEN n <= {rare} THEN 'rare' WHEN n <= {half} THEN 'old' ELSE 'common' END"
ID = (
    "CASE WHEN n <= {rare} THEN 'rare' WHEN n <= {half} THEN 'old' WHEN n % 2 = 0 THEN 'common'"
    " ELSE 'other_' || n END"
)
KEYS = {"sqlite": "CAST('key_' || n AS BLOB)", "postgresql": "convert_to('key_' || n, 'UTF8')"}
EMPTY = {Type.INTEGER: "0", Type.LIST: "'[]'", Type.BOOLEAN: "false", Type.CODE: "'code'"}


def rows_of(kind: Kind) -> int:
    return ROWS if kind.list_filters else FEWER_ROWS


def fill(connection: Connection, tables: KindTables) -> None:
    """Many rows at once, as no history makes them, with their indexes made afterwards."""
    kind, rows = tables.kind, rows_of(tables.kind)
    values = {"row_key": KEYS[connection.dialect.name]}
    for column in kind.columns:
        if column.name in OTHERS:
            values[column.name] = OTHERS[column.name]
        elif column.name in kind.filters:
            values[column.name] = ID if column.type is Type.ID else CODE
        elif not column.nullable:
            values[column.name] = EMPTY.get(column.type, "0")
    names = ", ".join(f'"{name}"' for name in values)
    selected = ", ".join(values.values()).format(rare=RARE, half=rows // 2)
    for index in tables.indexes:
        index.drop(connection)
    source = numbers(connection, rows)
    connection.execute(
        text(f"INSERT INTO {tables.rows.fullname} ({names}) SELECT {selected} FROM {source}")
    )
    for index in tables.indexes:
        index.create(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {tables.rows.fullname}"))


def linked() -> list[dict[str, Any]]:
    """An order and an invoice that name each other."""
    intent = {"id": "pi_1", "object": "payment_intent", "created": 1, "status": "succeeded",
              "payment_details": {"order_reference": "in_1"}}  # fmt: skip
    invoice = {"id": "in_1", "object": "invoice", "created": 1, "status": "paid",
               "payment_intent": "pi_1"}  # fmt: skip
    return [event("payment_intent.succeeded", 2, intent), event("invoice.paid", 3, invoice)]


@pytest.fixture(scope="module", params=DIALECTS)
def shared(request: pytest.FixtureRequest, opened: Opened) -> Iterator[Store]:
    """One store for all kinds on a database."""
    with opened(request.param) as store:
        store.deliver(linked())
        yield store


def values_of(kind: Kind, name: str) -> list[Any]:
    """Values of a filter: of few rows far away, of many far away, of many."""
    if name == "livemode":
        return [False, True]
    if name == "account":
        return ["self", "old", "common"]
    listed = {"order": "pi_1", "invoice": "in_1"}
    return [listed[name]] if name in kind.list_filters else ["rare", "old", "common"]


def narrowings(kind: Kind) -> Iterator[dict[str, Any]]:
    """Every filter with each value, alone and with everything else that narrows a list."""
    rows = rows_of(kind)
    middle = BEGIN + rows // 10
    # Rows of the account and mode below.
    pages = [
        Page(10),
        Page(10, f"id_{rows // 10 - 1}"),
        Page(10, f"id_{rows * 9 // 10}"),
        Page(10, None, "id_21"),
    ]
    for filters in (
        {},
        *({name: value} for name in kind.filters for value in values_of(kind, name)),
    ):
        for page in pages:
            yield {"filters": filters, "page": page}
        for created in ({"lt": middle}, {"gte": middle + 5}, {"gt": BEGIN + rows}):
            yield {"filters": filters, "created": created, "page": pages[0]}
        scoped = {**filters, "account": "common", "livemode": True}
        for page in pages[::2]:
            yield {"filters": scoped, "created": {"gte": BEGIN, "lt": middle}, "page": page}


@pytest.fixture(scope="module", params=KINDS)
def filled(request: pytest.FixtureRequest, shared: Store) -> Iterator[KindTables]:
    """The tables of a kind with many rows."""
    kind, catalog = KINDS[request.param], shared.projections.catalog
    tables = catalog.tables(kind, table_of(shared.projections, kind.name))
    with write_transaction(catalog.engine) as connection:
        fill(connection, tables)
    yield tables
    with write_transaction(catalog.engine) as connection:
        delete = "DELETE FROM" if connection.dialect.name == "sqlite" else "TRUNCATE"
        connection.execute(text(f"{delete} {tables.rows.fullname}"))


def check(store: Store, tables: KindTables, passed: int = 0, **narrowing: Any) -> None:
    """Run a list, and look at the plan of each of its queries."""
    engine = store.projections.catalog.engine
    # An id may be in none of a list's accounts and modes: to know that costs a look, too.
    with watched(engine) as watch, suppress(UnknownCursor):
        store.projections.list(tables.kind.name, **narrowing)
    plans = list(watch.plans(tables.name, passed=passed))
    assert plans, narrowing
    for plan in plans:
        assert not plan.faults, f"{narrowing}\n{plan}"


def test_every_filter_goes_by_an_index(shared: Store, filled: KindTables) -> None:
    """No list reads the table or many entries of an index, nor sorts what it reads."""
    for narrowing in narrowings(filled.kind):
        check(shared, filled, **narrowing)


def test_few_rows_among_many_are_found_in_the_index(shared: Store, filled: KindTables) -> None:
    """Whose account or mode is rare among those of a filter: others are passed unread."""
    for name in filled.kind.filters:
        for rare in ({"account": "self"}, {"livemode": False}):
            filters = {name: values_of(filled.kind, name)[-1], **rare}
            check(shared, filled, filters=filters, passed=rows_of(filled.kind))


def test_a_rebuild_leaves_statistics(opened: Opened) -> None:
    """PostgreSQL chooses by them; its autovacuum, which is off here, makes them a minute later."""
    with opened("postgresql") as store:
        store.append(linked())
        store.projections.rebuild(["orders"])
        name = table_of(store.projections, "orders")
        query = text("SELECT count(*) FROM pg_stats WHERE tablename = :name AND attname = 'status'")
        with read_transaction(store.projections.catalog.engine) as connection:
            assert connection.execute(query, {"name": name}).scalar() == 1
