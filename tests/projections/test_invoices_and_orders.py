"""Invoices and the orders that pay them: whichever side tells, both say the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import KINDS
from projections.rows.project import project
from tests.projections.cases import event
from tests.projections.conftest import Opened
from tests.projections.histories import Json, entries, unique

INVOICES, INTENTS, CHARGES = ("in_1", "in_2", "in_3"), ("pi_1", "pi_2", "pi_3"), ("ch_1", "ch_2")
seconds = st.integers(1, 4)


def maybe(ids: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(ids)


@st.composite
def intents(draw: st.DrawFn) -> Json:
    status = draw(st.sampled_from(["processing", "succeeded", "canceled"]))
    intent: Json = {"id": draw(st.sampled_from(INTENTS)), "object": "payment_intent", "created": 1,
                    "status": status, "latest_charge": draw(maybe(CHARGES))}  # fmt: skip
    if draw(st.booleans()):
        intent["invoice"] = draw(maybe(INVOICES))
    else:
        intent["payment_details"] = {"order_reference": draw(maybe(INVOICES))}
    return event("payment_intent.succeeded", draw(seconds), intent)


@st.composite
def charges(draw: st.DrawFn) -> Json:
    charge = {"id": draw(st.sampled_from(CHARGES)), "object": "charge", "created": 1,
              "status": "succeeded", "payment_intent": draw(maybe(INTENTS)),
              "invoice": draw(maybe(INVOICES))}  # fmt: skip
    return event("charge.succeeded", draw(seconds), charge)


@st.composite
def invoices(draw: st.DrawFn) -> Json:
    invoice: Json = {"id": draw(st.sampled_from(INVOICES)), "object": "invoice", "created": 1,
                     "status": draw(st.sampled_from(["open", "paid"]))}  # fmt: skip
    if draw(st.booleans()):
        invoice |= {"payment_intent": draw(maybe(INTENTS)), "charge": draw(maybe(CHARGES)),
                    "paid_out_of_band": draw(st.booleans())}  # fmt: skip
    else:
        invoice |= {"amount_paid": 5, "amount_paid_off_stripe": draw(st.sampled_from([0, 5]))}
    return event("invoice.updated", draw(seconds), invoice)


@st.composite
def payments(draw: st.DrawFn) -> Json:
    paid_by: Json = draw(
        st.builds(lambda id: {"payment_intent": id}, st.sampled_from(INTENTS))
        | st.builds(lambda id: {"charge": id}, st.sampled_from(CHARGES))
    )
    number = draw(st.integers(1, 4))
    payment = {"id": f"inpay_{number}", "object": "invoice_payment", "created": number,
               "invoice": INVOICES[number % 3], "is_default": draw(st.booleans()),
               "status": draw(st.sampled_from(["open", "paid", "canceled"])),
               "payment": paid_by}  # fmt: skip
    type = draw(st.sampled_from(["paid", "paid", "detached"]))
    return event(f"invoice_payment.{type}", draw(seconds), payment)


histories = st.lists(intents() | charges() | invoices() | payments(), min_size=2, max_size=9)


def rows(kind: str, history: list[Json]) -> dict[str, Json]:
    projected = project(KINDS[kind], entries(unique(history)))
    return {each.row["id"]: each.row for each in projected if each.row is not None}


@settings(max_examples=400, deadline=None)
@given(histories)
def test_each_side_names_the_other(history: list[Json]) -> None:
    """An order lists an invoice where the invoice lists the order, and each has a first."""
    orders, invoices = rows("orders", history), rows("invoices", history)

    for order in orders.values():
        for invoice in invoices.values():
            assert (invoice["id"] in order["invoices"]) == (order["id"] in invoice["orders"])
        assert order["invoice"] == next(iter(order["invoices"]), None)
    for invoice in invoices.values():
        assert invoice["order"] == next(iter(invoice["orders"]), None)
        paying = {payment["order"] for payment in invoice["payments"]} - {None}
        assert {*invoice["orders"]} >= {
            payment["order"]
            for payment in invoice["payments"]
            if payment["status"] != "canceled" and payment["order"] in paying
        }


@pytest.mark.parametrize(("dialect", "examples"), [("sqlite", 15), ("postgresql", 5)])
def test_filters_find_what_the_rows_list(opened: Opened, dialect: str, examples: int) -> None:
    """Filtered by an invoice, orders are those that list it; and the other way round."""

    @settings(max_examples=examples, deadline=None)
    @given(st.lists(histories, min_size=1, max_size=3))
    def law(batches: list[list[Json]]) -> None:
        with opened(dialect) as store:
            for batch in batches:
                store.deliver(batch)
            assert store.projections.check() == []
            for kind, filter, listed, ids in (
                ("orders", "invoice", "invoices", INVOICES),
                ("invoices", "order", "orders", (*INTENTS, *CHARGES)),
            ):
                everything = store.items(kind)
                for id in ids:
                    expected = [row["id"] for row in everything if id in row[listed]]
                    assert [row["id"] for row in store.items(kind, **{filter: id})] == expected

    law()


def payment(number: int, **more: Any) -> Json:
    return {"id": f"inpay_{number}", "object": "invoice_payment", "created": number,
            "invoice": "in_1", "status": "paid", **more}  # fmt: skip


def test_the_default_payment_comes_first() -> None:
    """Of several payments the default one says which order an invoice has."""
    history = [
        event("invoice_payment.paid", 1, payment(1, payment={"payment_intent": "pi_1"})),
        event("invoice_payment.paid", 2,
              payment(2, payment={"payment_intent": "pi_2"}, is_default=True)),
        event("invoice.paid", 3, {"id": "in_1", "object": "invoice", "status": "paid"}),
    ]  # fmt: skip

    invoice = rows("invoices", history)["in_1"]

    assert (invoice["order"], invoice["orders"]) == ("pi_2", ["pi_2", "pi_1"])
    assert [payment["order"] for payment in invoice["payments"]] == ["pi_1", "pi_2"]


def test_a_detached_payment_is_gone_though_its_intent_names_the_invoice() -> None:
    """Neither side goes on naming the other once the payment was taken off."""
    intent = {"id": "pi_1", "object": "payment_intent", "status": "succeeded",
              "payment_details": {"order_reference": "in_1"}}  # fmt: skip
    paid = payment(1, payment={"payment_intent": "pi_1"})
    history = [
        event("payment_intent.succeeded", 1, intent),
        event("invoice_payment.paid", 1, paid),
        event("invoice.updated", 2, {"id": "in_1", "object": "invoice", "status": "open"}),
        event("invoice_payment.detached", 2, paid),
    ]

    assert rows("invoices", history)["in_1"]["payments"] == []
    assert rows("invoices", history)["in_1"]["orders"] == []
    assert rows("orders", history)["pi_1"]["invoices"] == []
