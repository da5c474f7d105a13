"""A field is added in one line of a declaration; everything else follows after a restart."""

from __future__ import annotations

from dataclasses import replace

from projections import KINDS, Field, Type
from projections.rows.kind import reads_of
from tests.api.client import ApiClient
from tests.api.deliveries import event

MEANING = "What the bank calls it."
REFERENCE = Field("bank_reference", Type.TEXT, MEANING, ("bank_reference",))


def test_an_added_field_appears_everywhere_filled_from_history(store_url: str) -> None:
    """A field added to payouts is in the table, REST, OpenAPI and docs, filled from the log."""
    payout = {"object": "payout", "id": "po_1", "status": "paid", "amount": 5, "created": 1,
              "currency": "eur", "bank_reference": "COFFEE 42"}  # fmt: skip
    before = ApiClient(store_url)
    before.store(event(type="payout.paid", data={"object": payout}))

    assert "bank_reference" not in before.get("/v1/payouts/po_1").get_json()
    before.close()

    payouts = KINDS["payouts"]
    # The object reads what the kind's fields need.
    root = payouts.members[0]
    root = replace(root, reads=(*root.reads, *reads_of(REFERENCE)))
    extended = replace(payouts, members=(root,), fields=(*payouts.fields, REFERENCE))
    after = ApiClient(store_url, kinds={**KINDS, "payouts": extended})
    before_rebuild = after.get("/v1/payouts/po_1").get_json()
    after.follow()
    row = after.get("/v1/payouts/po_1").get_json()
    schemas = after.http.get("/openapi.json").get_json()["components"]["schemas"]
    with after.projections.catalog.engine.connect() as connection:
        schema = after.projections.catalog.schema
        view = f"{schema}.payouts" if schema else "payouts"
        value = connection.exec_driver_sql(f"SELECT bank_reference FROM {view}").scalar()

    # Until the new table is built the old one serves, and the field it lacks is null.
    assert before_rebuild["bank_reference"] is None
    assert row["bank_reference"] == "COFFEE 42"
    assert value == "COFFEE 42"
    assert any("bank_reference" in item.get("properties", {}) for item in schemas.values())
    assert MEANING in after.http.get("/docs").text
    after.close()
