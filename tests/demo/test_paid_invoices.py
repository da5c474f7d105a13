"""What pays an invoice, told by either side: the truth for stories stated by hand."""

from __future__ import annotations

from api.simulator import story
from tests.demo.truths import row_of, rows_of, values_over_time

BEFORE_BASIL = "2024-10-28.acacia"


def test_an_invoice_paid_by_two_payments() -> None:
    """Both are its payments; its order is the default one's, both orders name it."""
    name = "invoice_paid_by_two_payments"
    invoice, orders = row_of("invoices", name), rows_of("orders", name)
    amounts = {payment["order"]: payment["amount"] for payment in invoice["payments"]}

    assert sorted(amounts.values()) == [4_000, 6_000]
    assert amounts[invoice["order"]] == 6_000
    assert amounts == {order["id"]: order["amount_received"] for order in orders}
    assert all(order["invoices"] == [invoice["id"]] for order in orders)


def test_one_payment_for_two_invoices() -> None:
    """The order names both, and its `invoice` is the first."""
    name = "one_payment_for_two_invoices"
    invoices = rows_of("invoices", name)
    (order,) = [order for order in rows_of("orders", name) if order["amount_received"]]

    assert {invoice["order"] for invoice in invoices} == {order["id"]}
    assert sorted(order["invoices"]) == sorted(invoice["id"] for invoice in invoices)
    assert order["invoice"] == order["invoices"][0]


def test_an_invoice_paid_out_of_band_has_no_order() -> None:
    """It lets go of its PaymentIntent, which is canceled."""
    for version in (BEFORE_BASIL, None):
        invoice = row_of("invoices", "invoice_paid_out_of_band", version)
        order = row_of("orders", "invoice_paid_out_of_band", version)

        assert (invoice["status"], invoice["order"], invoice["payments"]) == ("paid", None, [])
        assert (order["status"], order["invoice"], order["invoices"]) == ("canceled", None, [])
    assert invoice["amount_paid_off_stripe"] == invoice["amount_paid"] > 0
    assert row_of("invoices", "invoice_paid_out_of_band", BEFORE_BASIL)["paid_out_of_band"] is True


def test_an_invoice_is_reopened() -> None:
    """Its payment is detached: `paid` is left, and nothing pays it any more."""
    history = story("invoice_reopened")
    reopened = history.events[-1]

    assert reopened["data"]["previous_attributes"]["status"] == "paid"
    assert values_over_time(history, "invoices", "status") == ["draft", "open", "paid", "open"]
    invoice = row_of("invoices", "invoice_reopened")
    assert (invoice["amount_paid"], invoice["order"], invoice["payments"]) == (0, None, [])
    assert row_of("orders", "invoice_reopened")["invoices"] == []


def test_an_invoice_paid_by_a_charge_has_the_charge_as_its_order() -> None:
    """A charge without a PaymentIntent is an order of its own."""
    for version in (BEFORE_BASIL, None):
        invoice = row_of("invoices", "invoice_paid_by_a_charge", version)
        order = row_of("orders", "invoice_paid_by_a_charge", version)

        assert order["id"].startswith("ch_")
        assert (invoice["order"], order["invoice"]) == (order["id"], invoice["id"])
    assert invoice["payments"][0]["charge"] == order["id"]


def test_a_payment_intent_names_an_open_invoice_before_it_pays() -> None:
    """Before 2025-03-31 and since 2025-10-29; between, nothing does."""
    orders = [
        row_of("invoices", "invoice_overdue", version)["order"]
        for version in (BEFORE_BASIL, "2025-05-28.basil", "2025-10-29.clover")
    ]

    assert orders[0] == orders[2] is not None
    assert orders[1] is None


def test_an_overdue_invoice_shows_its_amounts() -> None:
    """A discount comes before the total, a tax after it."""
    invoice = row_of("invoices", "invoice_overdue")

    assert (invoice["discount"], invoice["tax"]) == (500, 1_900)
    assert invoice["total"] == invoice["subtotal"] - 500 + 1_900
    assert invoice["amount_remaining"] == invoice["total"]
    assert invoice["due_date"] < invoice["updated"]


def test_credit_notes_lower_an_invoice() -> None:
    """After the payment by a refund, before it by asking for less; a void one does neither."""
    note = row_of("credit_notes", "credit_note_after_payment")
    (refund,) = rows_of("refunds", "credit_note_after_payment")
    invoice = row_of("invoices", "credit_note_after_payment")

    assert (note["refund"], note["invoice"]) == (refund["id"], invoice["id"])
    assert invoice["post_payment_credit_notes_amount"] == note["post_payment_amount"] > 0

    history = story("credit_note_before_payment")
    due = values_over_time(history, "invoices", "amount_due")
    assert len(due) == 3 and due[1] < due[0] == due[2]
    assert row_of("credit_notes", "credit_note_before_payment")["status"] == "void"
    assert row_of("invoices", "credit_note_before_payment")["status"] == "paid"
