"""Transfers, top-ups, application fees and balance transactions in the shapes Stripe sent."""

from __future__ import annotations

from typing import Any

from tests.projections.billing_changes import Shapes, ev
from tests.projections.cases import dispute
from tests.projections.histories import Json


def transfer(**more: Any) -> Json:
    return {"id": "tr_1", "object": "transfer", "created": 1, "amount": 100,
            "destination": "acct_1", **more}  # fmt: skip


def topup(status: str, **more: Any) -> Json:
    return {"id": "tu_1", "object": "topup", "created": 1, "amount": 100, "status": status, **more}


def fee(**more: Any) -> Json:
    return {"id": "fee_1", "object": "application_fee", "created": 1, "amount": 100,
            "amount_refunded": 0, "charge": "ch_1", **more}  # fmt: skip


def fee_refund(**more: Any) -> Json:
    return {"id": "fr_1", "object": "fee_refund", "created": 2, "amount": 40, "fee": "fee_1",
            **more}  # fmt: skip


_OLD = {"type": "stripe_account", "status": "paid", "date": 5, "recipient": None}
_LINE = {"id": "txn_1", "object": "balance_transaction", "created": 1, "amount": -100, "net": -115,
         "fee": 15, "currency": "EUR", "type": "adjustment", "source": "dp_1",
         "status": "available"}  # fmt: skip

# As ``CHANGES`` of test_upcasting.
TRANSFER_CHANGES: dict[str, tuple[str, Json, list[Shapes]]] = {
    "transfer with a status": ("transfers", {"destination": "acct_1", "amount": 100}, [
        [ev(transfer(**_OLD), "transfer.paid")],
        [ev(transfer(status="paid"), "transfer.paid")],
        [ev(transfer(), "transfer.created")]]),
    "transfer links expanded": ("transfers",
        {"destination": "acct_1", "balance_transaction": "txn_1", "source_transaction": "ch_1"}, [
        [ev(transfer(destination={"id": "acct_1", "object": "account"},
                     balance_transaction=_LINE,
                     source_transaction={"id": "ch_1", "object": "charge"}))],
        [ev(transfer(balance_transaction="txn_1", source_transaction="ch_1"))]]),
    "topup source": ("topups", {"source": "src_1", "status": "failed", "failure_code": "x"}, [
        [ev(topup("failed", failure_code="x", source={"id": "src_1", "object": "source"}))],
        [ev(topup("failed", failure_code="x", source="src_1"))]]),
    "application_fee fee_source": ("application_fees",
        {"charge": "ch_1", "amount": 100, "connected_account": "acct_1"}, [
        [ev(fee(account="acct_1"))],
        [ev(fee(account="acct_1", fee_source={"type": "charge", "charge": "ch_1"}))]]),
    "application_fee refunds": ("application_fees",
        {"amount_refunded": 40, "refunded": False, "refunds": [
            {"id": "fr_1", "amount": 40, "currency": None, "created": 2,
             "balance_transaction": "txn_2", "metadata": None}]}, [
        [ev(fee()), ev(fee_refund(balance_transaction="txn_2"),
                       "application_fee.refund.updated", created=150)],
        [ev(fee(amount_refunded=40,
                refunds={"data": [fee_refund(balance_transaction="txn_2")]}),
            "application_fee.refunded")]]),
    "balance_transaction inside a dispute": ("balance_transactions",
        {"id": "txn_1", "net": -115, "fee": 15, "currency": "eur", "source": "dp_1"}, [
        [ev(dispute("lost", balance_transactions=[_LINE]))],
        [ev(dispute("lost", balance_transactions=[{**_LINE, "balance_type": "payments"}]))]]),
}  # fmt: skip
