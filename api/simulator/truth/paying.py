"""Which orders pay an invoice: it says so itself, its payments do, or the PaymentIntents do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from api.simulator.truth.records import Record, Records

OrderOf = Callable[[Record], str | None]


def attached(records: Records, invoice_id: str) -> list[Record]:
    """Return the payments that an invoice has, oldest first; detached ones are gone."""
    payments = [each for each in _payments(records, invoice_id) if not each["detached"]]
    return sorted(payments, key=lambda payment: (payment["created"], payment.id))


def payers(records: Records, invoice_id: str, order_of: OrderOf) -> list[str]:
    """Return the ids of the orders that pay an invoice, or are to pay it, each once.

    First come its payments, of which the default is the first. Then come those that it names
    itself, and those that name it, unless they did not pay: it was paid out of band, or paid
    while they were canceled, or their payment was detached.
    """
    invoice = records.by_id("invoice").get(invoice_id, Record(invoice_id))
    payments = sorted(attached(records, invoice_id), key=lambda each: not each["is_default"])
    ids = [order_of(payment) for payment in payments]
    if not (invoice["paid_out_of_band"] or invoice["amount_paid_off_stripe"]):
        left = {order_of(each) for each in _payments(records, invoice_id) if each["detached"]}
        if invoice["status"] == "paid":
            intents = records.by_id("payment_intent").values()
            left |= {intent.id for intent in intents if intent["status"] == "canceled"}
        ids += [each for each in _named(records, invoice, order_of) if each not in left]
    return list(dict.fromkeys(each for each in ids if each is not None))


def _payments(records: Records, invoice_id: str) -> list[Record]:
    payments = records.by_id("invoice_payment").values()
    return [payment for payment in payments if payment["invoice"] == invoice_id]


def _named(records: Records, invoice: Record, order_of: OrderOf) -> Iterator[str | None]:
    yield order_of(invoice)
    for intent in records.by_id("payment_intent").values():
        if intent["invoice"] == invoice.id:
            yield intent.id
    for charge in records.by_id("charge").values():
        if charge["invoice"] == invoice.id:
            yield charge["payment_intent"] or charge.id
