"""Adding a field is one line of a declaration: everything else follows after a restart."""

from __future__ import annotations

from dataclasses import replace

from projections import KINDS, Field, Type
from projections.rows.kind import main as reads
from tests.api.wire import Wire, event

MEANING = "What the customer sees on the statement."
DESCRIPTOR = Field("statement_descriptor", Type.TEXT, MEANING, ("statement_descriptor",))


def test_an_added_field_appears_everywhere_filled_from_history(store_url: str) -> None:
    """A field added to payouts is in table, REST, OpenAPI and docs, with what history told."""
    payout = {"object": "payout", "id": "po_1", "status": "paid", "amount": 5, "created": 1,
              "currency": "eur", "statement_descriptor": "COFFEE 42"}  # fmt: skip
    before = Wire(store_url)
    before.tell(event(type="payout.paid", data={"object": payout}))

    assert "statement_descriptor" not in before.get("/v1/payouts/po_1").get_json()
    before.close()

    payouts = KINDS["payouts"]
    # A declaration's reads derive from its fields, for the object as for the kind.
    thing = replace(payouts.owns[0], reads=(*payouts.owns[0].reads, *reads(DESCRIPTOR)))
    grown = replace(payouts, owns=(thing,), fields=(*payouts.fields, DESCRIPTOR))
    after = Wire(store_url, kinds={**KINDS, "payouts": grown})
    waiting = after.get("/v1/payouts/po_1").get_json()
    after.follow()
    row = after.get("/v1/payouts/po_1").get_json()
    schemas = after.client.get("/openapi.json").get_json()["components"]["schemas"]
    with after.projections.catalog.engine.connect() as connection:
        table = after.projections.catalog.schema
        view = f"{table}.payouts" if table else "payouts"
        told = connection.exec_driver_sql(f"SELECT statement_descriptor FROM {view}").scalar()

    # Until the new table is there the old one serves, and what it lacks is null.
    assert waiting["statement_descriptor"] is None
    assert row["statement_descriptor"] == "COFFEE 42"
    assert told == "COFFEE 42"
    assert any("statement_descriptor" in item.get("properties", {}) for item in schemas.values())
    assert MEANING in after.client.get("/docs").text
    after.close()
