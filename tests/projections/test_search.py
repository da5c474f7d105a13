"""Search: rows of any kind by id, e-mail, name, number, reference and values of metadata."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.event import listen, remove

from api.simulator import histories
from ledger.database import write_transaction
from projections import KINDS, Field, Type
from projections.objects.paths import at
from projections.rows.terms import row_terms
from tests.projections.histories import Json, Store
from tests.projections.test_aliases import STORY, event


def customer(number: int, **values: object) -> Json:
    """An event about a customer."""
    snapshot = {"object": "customer", "id": f"cus_{number:03}", **values}
    return event(number, "customer.updated", snapshot)


def fields_found(store: Store, text: str) -> list[tuple[str, str, str]]:
    """What a search finds: kind, id and field."""
    items = store.projections.search(text).items
    return [(item["kind"], item["id"], item["field"]) for item in items]


ANNA = {"name": "Anna Straße", "email": "Anna@Example.com", "metadata": {"shop": "K-17", "n": 40}}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("cus_001", "id"),
        ("cus_0", "id"),
        ("anna@example.com", "email"),
        ("ANNA@EX", "email"),
        ("anna strasse", "name"),
        ("  STRASSE ", "name"),
        ("str", "name"),
        ("k-17", "metadata.shop"),
        ("K-1", "metadata.shop"),
        ("40", "metadata.n"),
    ],
)
def test_what_finds_a_row(store: Store, text: str, field: str) -> None:
    """Whole values, words of names and the beginnings of both, in capitals or not."""
    store.deliver([customer(1, **ANNA), customer(12, name="Bert")])

    assert fields_found(store, text) == [("customers", "cus_001", field)] or text == "cus_0"
    assert ("customers", "cus_001", field) in fields_found(store, text)


@pytest.mark.parametrize("text", ["nobody", "CUS_001", "example.com", "us_001", "true", "_001"])
def test_what_does_not(store: Store, text: str) -> None:
    """Neither the middle of a value, nor what is no text and no number."""
    store.deliver(
        [customer(1, **{**ANNA, "metadata": {"a": True, "b": None, "c": {"d": "nobody"}}})]
    )

    assert fields_found(store, text) == []


def test_exact_ones_first_then_the_newest(store: Store) -> None:
    """Of 20 that are shown, those that have the text come first, each part newest first."""
    names = ["ab"] * 3 + ["abc"] * 30
    store.deliver([customer(number, name=name) for number, name in enumerate(names)])

    result = store.projections.search("AB")
    ids = [item["id"] for item in result.items]
    assert ids == [f"cus_{number:03}" for number in (2, 1, 0, *range(32, 15, -1))]
    assert result.has_more
    assert not store.projections.search("cus_002").has_more


def test_every_id_of_an_order(store: Store) -> None:
    """An object's id finds its own row and the order that it is part of."""
    store.deliver(STORY)

    orders = {
        id: field
        for id in ("ch_1", "cs_1", "re_1", "du_1", "in_1")
        for kind, order, field in fields_found(store, id)
        if (kind, order) == ("orders", "pi_1")
    }
    assert orders == {"ch_1": "charge", "cs_1": "checkout_session", "re_1": "refund",
                      "du_1": "dispute", "in_1": "invoice"}  # fmt: skip
    assert ("refunds", "re_1", "id") in fields_found(store, "re_1")
    assert ("invoices", "in_1", "id") in fields_found(store, "in_")


def test_a_result(store: Store) -> None:
    """A result holds the row as its list shows it, and reaches as far as the slowest kind."""
    store.deliver([{**customer(1, **ANNA), "account": "acct_1"}])

    result = store.projections.search("k-17")
    [row] = store.items("customers")
    assert result.items == [
        {"object": "search_result", "kind": "customers", "id": "cus_001", "account": "acct_1",
         "livemode": False, "created": 1, "field": "metadata.shop", "row": row}
    ]  # fmt: skip
    assert result.position == 1
    store.append([customer(2, name="Bert")])
    store.advance(10, set(KINDS) - {"payouts"})
    assert store.projections.search("k-17").position == 1


def test_what_a_row_has_no_more(store: Store) -> None:
    """What was replaced finds nothing; neither does a row that became part of another."""
    charge = {"object": "charge", "id": "ch_1", "status": "succeeded", "amount": 5,
              "currency": "eur", "metadata": {"basket": "b-1"}}  # fmt: skip
    store.deliver([customer(1, **ANNA), event(2, "charge.succeeded", charge)])
    assert fields_found(store, "b-1") == [("orders", "ch_1", "metadata.basket")]

    store.deliver([customer(3, **ANNA) | {"data": {"object": {
        "object": "customer", "id": "cus_001", "created": 1, "name": "Berta", "email": None,
        "metadata": {}}}}])  # fmt: skip
    intent = {"object": "payment_intent", "id": "pi_1", "status": "succeeded", "amount": 5,
              "latest_charge": "ch_1", "metadata": {"basket": "b-2"}}  # fmt: skip
    store.deliver([event(4, "payment_intent.succeeded", intent)])

    for text in ("anna", "anna@example.com", "k-17", "b-1"):
        assert fields_found(store, text) == []
    assert fields_found(store, "berta") == [("customers", "cus_001", "name")]
    assert fields_found(store, "b-2") == [("orders", "pi_1", "metadata.basket")]


def test_every_term_of_every_row_finds_it(store: Store) -> None:
    """A search by any id or term of any row finds that row, unless more than 20 match."""
    store.deliver([event for each in histories(3, 12) for event in each.events])
    assert store.wrong_terms() == {}

    searched = 0
    for kind in KINDS.values():
        for row in store.items(kind.name):
            for text in (row["id"], *row_terms(kind, row)):
                if len(text) < 2:
                    continue
                result = store.projections.search(text)
                searched += 1
                rows = [item["row"] for item in result.items if item["kind"] == kind.name]
                assert row in rows or result.has_more, (kind.name, row["id"], text)
    assert searched > 40


def test_terms_are_repaired_with_their_row(store: Store) -> None:
    """Whatever became of the terms: a row that is folded again has those of the log."""
    store.deliver([customer(1, **ANNA), customer(2, name="Bert"), *STORY])
    catalog = store.projections.catalog
    with write_transaction(catalog.engine) as connection:
        for name in ("customers", "orders"):
            live_table = catalog.live_table(connection, name)
            assert live_table is not None
            terms = catalog.tables(KINDS[name], live_table.table_name).terms
            connection.execute(delete(terms))
    assert fields_found(store, "anna") == []

    assert store.projections.refold("customers", "cus_001")
    assert fields_found(store, "anna") == [("customers", "cus_001", "name")]
    assert store.projections.repair(["customers"])["customers"].changed == 0
    assert store.wrong_terms() == {}


def test_a_table_of_another_version_is_searched_by_id_only(store: Store) -> None:
    """Until a version's own table serves, what the other one's lacks is no error."""
    store.deliver([customer(1, **ANNA)])
    catalog = store.projections.catalog
    with write_transaction(catalog.engine) as connection:
        live_table = catalog.live_table(connection, "customers")
        assert live_table is not None
        catalog.tables(KINDS["customers"], live_table.table_name).terms.drop(connection)
    field = Field("added", Type.CODE, "A field that is new.", at("added"))
    changed = replace(KINDS["customers"], fields=(*KINDS["customers"].fields, field))
    store.projections = store.projections.open(store.ledger, {**KINDS, "customers": changed})

    assert fields_found(store, "anna") == []
    assert fields_found(store, "cus_0") == [("customers", "cus_001", "id")]
    store.projections.rebuild(["customers"])
    assert fields_found(store, "anna") == [("customers", "cus_001", "name")]


def test_both_databases_find_by_indexes(store: Store) -> None:
    """Ids, terms and the beginnings of both are looked up: no table is read through."""
    store.deliver([customer(1, **ANNA), *STORY])
    engine = store.projections.catalog.engine
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    statements: list[tuple[str, Any]] = []

    def record(_: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if "UNION ALL" in statement:
            statements.append((statement, parameters))

    listen(engine, "before_cursor_execute", record)
    store.projections.search("nobody")
    remove(engine, "before_cursor_execute", record)

    assert len(statements) == 2
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in statements:
            lines = [
                str(line)
                for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
                for line in row
            ]
            scans = [
                line for line in lines if re.search(r"Seq Scan|Filter:|SCAN .*_[0-9a-f]{12}", line)
            ]
            assert scans == []
