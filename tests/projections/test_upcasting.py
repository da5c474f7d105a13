"""Old shapes and new: what moved between API versions is read from wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from projections import KINDS
from projections.objects.declaration import Read
from tests.projections.billing_changes import BILLING_CHANGES, Shapes, ev
from tests.projections.cases import charge, dispute, intent, invoice, payout, refund, sub
from tests.projections.histories import Json, rows
from tests.projections.money_changes import MONEY_CHANGES
from tests.projections.subscription_changes import SUBSCRIPTION_CHANGES
from tests.projections.transfer_changes import TRANSFER_CHANGES, transfer

SESSION = {"id": "cs_1", "object": "checkout.session", "created": 1, "mode": "payment"}
OLD_INVOICE = {"id": "in_1", "object": "invoice", "created": 1}


def paid(status: str, **more: Any) -> Json:
    return {**OLD_INVOICE, "created": 1, "status": status, **more}


# Each row of the table of API changes that touches a field: the kind, what its one row says,
# and the events that say so in each shape, the oldest first.
CHANGES: dict[str, tuple[str, Json, list[Shapes]]] = {
    "event user_id, account, context": ("orders", {"account": "acct_9"}, [
        [ev(charge(), user_id="acct_9")], [ev(charge(), account="acct_9")],
        [ev(charge(), context="acct_9")]]),
    "pi requires_source_action": ("orders", {"status": "requires_action"}, [
        [ev(intent("requires_source_action"))], [ev(intent("requires_authorization"))],
        [ev(intent("requires_action"))]]),
    "pi requires_source": ("orders", {"status": "incomplete"}, [
        [ev(intent("requires_source"))], [ev(intent("requires_payment_method"))]]),
    "pi charges.data": ("orders", {"charge": "ch_1", "amount_received": 100}, [
        [ev(intent("succeeded", charges={"data": [charge()]}))],
        [ev(intent("succeeded", latest_charge="ch_1")), ev(charge())],
        [ev(intent("succeeded", latest_charge=charge()))]]),
    "pi invoice": ("orders", {"invoice": "in_1"}, [
        [ev(intent("succeeded", invoice="in_1"))],
        [ev(intent("succeeded", invoice={"id": "in_1", "object": "invoice"}))],
        [ev(intent("succeeded", payment_details={"order_reference": "in_1"}))],
        [ev(intent("succeeded")), ev({"id": "inpay_1", "object": "invoice_payment",
            "invoice": "in_1", "payment": {"type": "payment_intent", "payment_intent": "pi_1"}},
            "invoice_payment.paid")],
        [ev(intent("succeeded")), ev(invoice("paid", 2, payment_intent="pi_1"))],
        [ev(intent("succeeded")), ev(invoice("paid", 2, payments={"data": [
            {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "status": "paid",
             "payment": {"type": "payment_intent", "payment_intent": "pi_1"}}]}))]]),
    "pi order_reference of a session": ("orders", {"id": "pi_1", "checkout_session": "cs_1"}, [
        [ev(intent("succeeded")), ev({**SESSION, "payment_intent": "pi_1"})],
        [ev(intent("succeeded", payment_details={"order_reference": "cs_1"})), ev(SESSION)]]),
    "pi customer_account": ("orders", {"customer": "cus_5", "customer_account": "acct_5"}, [
        [ev(intent("succeeded", customer="cus_5", customer_account="acct_5"))]]),
    "charge source": ("orders", {"payment_method_type": "card"}, [
        [ev(charge(source={"id": "card_1", "object": "card"}))],
        [ev(charge(source={"id": "src_1", "object": "source", "type": "card"}))],
        [ev(charge(payment_method="pm_1", payment_method_details={"type": "card"}))]]),
    "charge amount_captured": ("orders", {"status": "paid", "amount_received": 100}, [
        [ev({k: v for k, v in charge().items() if k != "amount_captured"})], [ev(charge())]]),
    "charge refunds.data": ("refunds", {"id": "re_1", "amount": 60, "status": "succeeded"}, [
        [ev(charge(refunds={"data": [refund("succeeded")]}), "charge.refunded")],
        [ev(refund("succeeded"), "charge.refund.updated")],
        [ev(refund("succeeded"), "refund.created")]]),
    "charge invoice": ("orders", {"invoice": "in_1"}, [
        [ev(charge(invoice="in_1"))],
        [ev(charge()), ev(invoice("paid", 2, charge="ch_1"))],
        [ev(charge()), ev({"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1",
            "payment": {"type": "charge", "charge": "ch_1"}}, "invoice_payment.paid")]]),
    "charge status paid": ("orders", {"status": "paid"}, [
        [ev(charge(status="paid"))], [ev(charge())]]),
    "refund payment_intent": ("refunds", {"order": "pi_1", "charge": "ch_1"}, [
        [ev(refund("succeeded")), ev(charge(payment_intent="pi_1"))],
        [ev(refund("succeeded", payment_intent="pi_1"))],
        [ev(refund("succeeded", charge=charge(payment_intent="pi_1"), payment_intent="pi_1"))]]),
    "refund status null": ("refunds", {"status": "succeeded"}, [
        [ev({**refund("succeeded"), "status": None})], [ev(refund("succeeded"))]]),
    "dispute payment_intent": ("disputes", {"order": "pi_1"}, [
        [ev(dispute("lost", charge="ch_1")), ev(charge(payment_intent="pi_1"))],
        [ev(dispute("lost", charge="ch_1", payment_intent="pi_1"))]]),
    "dispute charge_refunded": ("disputes", {"status": "charge_refunded"}, [
        [ev(dispute("charge_refunded"))]]),
    "dispute prevented": ("disputes", {"status": "prevented"}, [[ev(dispute("prevented"))]]),
    "payout reconciliation_status": ("payouts", {"status": "paid"}, [
        [ev(payout("paid"))], [ev(payout("paid", reconciliation_status="completed"))]]),
    "subscription start": ("subscriptions", {"start_date": 50}, [
        [ev(sub("active", start=50))], [ev(sub("active", start_date=50))]]),
    "subscription billing": ("subscriptions", {"collection_method": "send_invoice"}, [
        [ev(sub("active", billing="send_invoice"))],
        [ev(sub("active", collection_method="send_invoice"))]]),
    "invoice date": ("invoices", {"created": 7}, [
        [ev({"id": "in_1", "object": "invoice", "date": 7, "status": "open"})],
        [ev(paid("open", created=7))]]),
    "invoice paid": ("invoices", {"status": "paid"}, [
        [ev({**OLD_INVOICE, "paid": True, "closed": True})], [ev(paid("paid"))]]),
    "invoice forgiven": ("invoices", {"status": "uncollectible"}, [
        [ev({**OLD_INVOICE, "paid": False, "closed": True, "forgiven": True})],
        [ev(paid("uncollectible"))]]),
    "invoice closed": ("invoices", {"status": "void"}, [
        [ev({**OLD_INVOICE, "paid": False, "closed": True, "forgiven": False})],
        [ev(paid("void"))]]),
    "invoice open": ("invoices", {"status": "open"}, [
        [ev({**OLD_INVOICE, "paid": False, "closed": False, "number": "A-1"})],
        [ev(paid("open", number="A-1"))]]),
    "invoice draft": ("invoices", {"status": "draft"}, [
        [ev({**OLD_INVOICE, "paid": False, "closed": False})], [ev(paid("draft"))]]),
    "invoice deleted": ("invoices", {"status": "deleted"}, [
        [ev(paid("deleted"), "invoice.updated")], [ev(paid("draft"), "invoice.deleted")]]),
    "invoice billing": ("invoices", {"collection_method": "send_invoice"}, [
        [ev(paid("open", billing="send_invoice"))],
        [ev(paid("open", collection_method="send_invoice"))]]),
    "invoice subscription": ("invoices", {"subscription": "sub_1"}, [
        [ev(paid("open", subscription="sub_1"))],
        [ev(paid("open", parent={"type": "subscription_details",
                                 "subscription_details": {"subscription": "sub_1"}}))]]),
    "invoice payment_intent": ("invoices", {"order": "pi_1"}, [
        [ev(paid("paid", payment_intent="pi_1"))],
        [ev(paid("paid", payments={"data": [
            {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "status": "paid",
             "payment": {"type": "payment_intent", "payment_intent": "pi_1"}}]}))],
        [ev(paid("open")), ev(intent("processing", payment_details={"order_reference": "in_1"}))],
        [ev(paid("paid")), ev({"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1",
            "payment": {"type": "payment_intent", "payment_intent": "pi_1"}},
            "invoice_payment.paid")]]),
    "invoice customer_account": ("invoices", {"customer": "cus_5", "customer_account": "acct_5"}, [
        [ev(paid("open", customer="cus_5", customer_account="acct_5"))]]),
    "session status": ("orders", {"status": "processing"}, [
        [ev({**SESSION, "payment_status": "unpaid"}, "checkout.session.completed")],
        [ev({**SESSION, "payment_status": "unpaid", "status": "complete"},
            "checkout.session.completed")]]),
    "session expired": ("orders", {"status": "expired"}, [
        [ev(SESSION, "checkout.session.expired")],
        [ev({**SESSION, "status": "expired"}, "checkout.session.expired")]]),
    "session customer": ("orders", {"customer": None}, [
        [ev({**SESSION, "customer": None})], [ev(SESSION)]]),
    "an unknown status": ("subscriptions", {"status": "hibernating"}, [
        [ev(sub("hibernating"))], [ev(sub("hibernating"), "customer.subscription.slept")]]),
    **BILLING_CHANGES,
    **SUBSCRIPTION_CHANGES,
    **MONEY_CHANGES,
    **TRANSFER_CHANGES,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_each_shape_says_the_same(change: str) -> None:
    """A field that moved is read alike in every shape that Stripe ever sent it in."""
    kind, expected, shapes = CHANGES[change]

    for number, events in enumerate(shapes):
        (row,) = rows(events)[kind].values()
        assert {name: row[name] for name in expected} == expected, f"shape {number}"


@pytest.mark.parametrize("change", CHANGES)
def test_an_older_shape_erases_nothing(change: str) -> None:
    """Events of both shapes, whichever comes last: what one told and the other lacks, stays."""
    kind, expected, shapes = CHANGES[change]
    if change.startswith("event "):
        return  # the accounts differ in where they stand, not in what they are

    for first, second in ((shapes[0], shapes[-1]), (shapes[-1], shapes[0])):
        later = [{**each, "id": f"{each['id']}b", "created": 200} for each in second]
        result = rows([*first, *later])[kind].values()
        assert [{name: row[name] for name in expected} for row in result] == [expected]


def test_an_absent_key_erases_nothing_and_a_null_does() -> None:
    """A shape that lacks a key says nothing of it; one that has null there says that it is null."""
    shown = ev(payout("paid", destination="ba_1", reconciliation_status="completed"), created=100)
    silent = ev(payout("paid"), created=200)
    null = ev(payout("paid", destination=None), created=300)

    (row,) = rows([shown, silent])["payouts"].values()
    assert (row["destination"], row["reconciliation_status"]) == ("ba_1", "completed")
    assert row["paid_at"] == 100
    (row,) = rows([shown, silent, null])["payouts"].values()
    assert (row["destination"], row["reconciliation_status"]) == (None, "completed")


@pytest.mark.parametrize(
    "old",
    [
        {"type": "bank_account", "destination": "ba_1", "status": "paid"},
        {"type": "card", "destination": "card_1", "status": "failed"},
        {"destination": None, "status": "pending", "recipient": None},
    ],
)
def test_a_payout_of_the_days_when_it_was_a_transfer_is_no_transfer(old: Json) -> None:
    """Until 2017-04-06 money to a bank was a transfer; a row of those would be the merchant's."""
    assert rows([ev(transfer(**old), "transfer.paid")])["transfers"] == {}


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.924517, "0.924517"), (1, "1"), (1e-05, "0.00001"), (156.0, "156.0"), (None, None)],
)
def test_an_exchange_rate_is_a_text(rate: float | None, text: str | None) -> None:
    """As many digits as Stripe wrote, without an exponent: no reader rounds them."""
    shown = {"id": "txn_9", "object": "balance_transaction", "created": 1, "exchange_rate": rate}
    (row,) = rows([ev(dispute("lost", balance_transactions=[shown]))])[
        "balance_transactions"
    ].values()

    assert row["exchange_rate"] == text


@pytest.mark.parametrize(
    "version", [None, "2016-03-07; orders_beta=v3", "2026-10-28.endive", "2031-01-01.unheard_of"]
)
def test_a_version_is_never_asked_for(version: str | None) -> None:
    """No version, one with a suffix, and one of the future are read by their keys like any."""
    events = [{**each, "api_version": version} for each in CHANGES["pi charges.data"][2][0]]
    (row,) = rows(events)["orders"].values()

    assert (row["charge"], row["status"]) == ("ch_1", "paid")


def reads() -> list[tuple[str, Read]]:
    """Every read of every object, and of the items of lists."""
    objects = [declared for kind in KINDS.values() for declared in kind.objects.values()]
    return [(declared.name, read) for declared in objects for read in nested(declared.all_reads)]


def nested(reads: Iterable[Read]) -> Iterator[Read]:
    """The reads, and those of the items of lists."""
    for read in reads:
        yield read
        yield from nested(read.items or ())


def placed(path: str, value: Any) -> Any:
    """A snapshot in which nothing but one path is there."""
    for step in reversed(path.split(".")):
        value = [value] if step == "*" or step.isdigit() else {step: value}
    return value


def test_every_declared_path_is_read() -> None:
    """A snapshot that has a value at one path alone gives that value, whichever path it is."""
    for name, read in reads():
        for path in read.paths:
            result = read.find(placed(path, "there"))
            assert result in ("there", ["there"]), (name, read.name, path)


def test_newer_paths_speak_before_older_ones() -> None:
    """Where two shapes are there at once, the newer one's value counts."""
    for name, read in reads():
        if len({path.split(".")[0] for path in read.paths}) == len(read.paths) > 1:
            both = {**placed(read.paths[-1], "old"), **placed(read.paths[0], "new")}
            assert read.find(both) in ("new", ["new"]), (name, read.name)
