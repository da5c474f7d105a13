"""Payouts for tests of rebuilding: events, a declaration with one more field, and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import text

from ledger.database import write_transaction
from projections import KINDS, Field, Kind, Page, Projections, ProjectionState, Type
from projections.kinds.payouts import PAYOUT
from projections.objects.paths import at
from projections.rows.kind import reads_of
from tests.projections.cases import event, payout
from tests.projections.histories import Store

ADDED = Field(
    "bank_statement_text", Type.TEXT, "What the bank's statement says.", at("statement_descriptor")
)


def with_one_more_field() -> Mapping[str, Kind]:
    """The kinds as code would declare them that adds one line to payouts."""
    fields = (*KINDS["payouts"].fields, ADDED)
    root = replace(PAYOUT, reads=reads_of(*fields))
    return {**KINDS, "payouts": replace(KINDS["payouts"], fields=fields, members=(root,))}


def described(number: int, descriptor: str) -> dict[str, object]:
    """A paid payout with a statement descriptor."""
    snapshot = {**payout("paid", statement_descriptor=descriptor), "id": f"po_{number}"}
    return event("payout.paid", 100 + number, snapshot)


def descriptors(projections: Projections) -> list[object]:
    """The added field of every payout, newest first."""
    rows = projections.list("payouts", page=Page(limit=100)).items
    return [row.get(ADDED.name, "no such field") for row in rows]


def paid(number: int) -> dict[str, object]:
    """A paid payout whose amount depends on its number: a mixed row would show."""
    snapshot = {**payout("paid"), "id": f"po_{number:05}", "amount": 1000 + number}
    return event("payout.paid", 100 + number, snapshot)


def table_of(projections: Projections, kind: str = "payouts") -> str:
    """The name of a kind's live table."""
    with projections.catalog.engine.connect() as connection:
        live_table = projections.catalog.live_table(connection, kind)
    assert live_table is not None
    return live_table.table_name


def state_of(projections: Projections) -> ProjectionState:
    """How the payouts are doing."""
    return next(state for state in projections.states() if state.kind == "payouts")


def spoil(store: Store, statement: str) -> None:
    """Somebody alters the payouts' live table or its store, so named in the statement."""
    catalog = store.projections.catalog
    prefix = f"{catalog.schema}." if catalog.schema else ""
    with write_transaction(catalog.engine) as connection:
        live_table = catalog.live_table(connection, "payouts")
        assert live_table is not None
        names = {"table": prefix + live_table.table_name, "store": prefix + live_table.store}
        connection.execute(text(statement.format(**names)))
