"""One order by any id of it: its objects', and its invoice's, which is no part of it."""

from __future__ import annotations

import pytest

from projections import Ambiguous, NotFound, RowSelector
from tests.projections.histories import Json, Store


def event(number: int, type: str, object: Json, **envelope: object) -> Json:
    """An event of second ``number`` with a snapshot."""
    return {
        "object": "event", "id": f"evt_{number}", "type": type, "created": number,
        "livemode": False, "api_version": "2026-02-25.clover",
        "data": {"object": {"created": number, **object}}, **envelope,
    }  # fmt: skip


INTENT = event(1, "payment_intent.succeeded", {
    "object": "payment_intent", "id": "pi_1", "status": "succeeded", "amount": 5,
    "amount_received": 5, "currency": "eur", "latest_charge": "ch_1",
})  # fmt: skip
CHARGE = event(2, "charge.succeeded", {
    "object": "charge", "id": "ch_1", "status": "succeeded", "amount": 5, "amount_captured": 5,
    "captured": True, "currency": "eur", "payment_intent": "pi_1",
})  # fmt: skip
SESSION = event(3, "checkout.session.completed", {
    "object": "checkout.session", "id": "cs_1", "mode": "payment", "status": "complete",
    "payment_status": "paid", "payment_intent": "pi_1",
})  # fmt: skip
REFUND = event(4, "refund.created", {
    "object": "refund", "id": "re_1", "status": "succeeded", "amount": 1, "currency": "eur",
    "charge": "ch_1", "payment_intent": "pi_1",
})  # fmt: skip
DISPUTE = event(5, "charge.dispute.created", {
    "object": "dispute", "id": "du_1", "status": "needs_response", "amount": 5, "currency": "eur",
    "charge": "ch_1", "payment_intent": "pi_1",
})  # fmt: skip
INVOICE = event(6, "invoice.finalized", {
    "object": "invoice", "id": "in_1", "status": "open", "currency": "eur",
})  # fmt: skip
PAYMENT = event(7, "invoice_payment.paid", {
    "object": "invoice_payment", "id": "inpay_1", "invoice": "in_1", "status": "paid",
    "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
})  # fmt: skip
STORY = [INTENT, CHARGE, SESSION, REFUND, DISPUTE, INVOICE, PAYMENT]


def test_every_id_of_an_order_finds_it(store: Store) -> None:
    """Row, past and timeline are the same by each id, once that id was linked to the order."""
    store.deliver(STORY)
    projections = store.projections

    current = projections.get("orders", "pi_1")
    entries = projections.timeline("orders", "pi_1").items
    linked = {"ch_1": 1, "cs_1": 3, "re_1": 4, "du_1": 5, "in_1": 7}
    for id, second in linked.items():
        assert projections.get("orders", id) == current, id
        assert projections.timeline("orders", id).items == entries, id
        for moment in range(1, 8):
            for selector in (RowSelector(as_of=moment), RowSelector(at_position=moment)):
                if moment < second:
                    with pytest.raises(NotFound):
                        projections.get("orders", id, selector)
                else:
                    expected = projections.get("orders", "pi_1", selector)
                    assert projections.get("orders", id, selector) == expected, (id, selector)
        snapshot = projections.snapshot("orders", id)
        assert snapshot is not None and snapshot["id"] == "pi_1", id


def test_an_invoice_that_no_event_was_read_of(store: Store) -> None:
    """Where only the PaymentIntent names the invoice, its id finds the order all the same."""
    named = {**INTENT["data"]["object"], "invoice": "in_2"}
    store.deliver([event(1, "payment_intent.created", named)])

    assert store.projections.get("orders", "in_2").row["id"] == "pi_1"
    assert store.projections.get("orders", "in_2", RowSelector(as_of=1)).row["id"] == "pi_1"
    with pytest.raises(NotFound):
        store.projections.get("orders", "in_3")


def test_an_invoice_that_two_accounts_have(store: Store) -> None:
    """The invoice decides whose order is meant, and where there are two, the caller."""
    store.deliver(STORY)
    store.deliver([{**each, "id": f"{each['id']}_2", "account": "acct_2"} for each in STORY])

    for selector, account in (
        (RowSelector(account="acct_2"), "acct_2"),
        (RowSelector(account="self"), None),
    ):
        assert store.projections.get("orders", "in_1", selector).row["account"] == account
    for id in ("in_1", "re_1"):
        with pytest.raises(Ambiguous):
            store.projections.get("orders", id)


def test_only_orders_are_found_so(store: Store) -> None:
    """An order's id finds no refund: a row of another kind answers only where it is declared."""
    store.deliver(STORY)

    for kind in ("refunds", "disputes", "invoices"):
        with pytest.raises(NotFound):
            store.projections.get(kind, "pi_1")
