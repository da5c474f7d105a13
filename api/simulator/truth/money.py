"""The true rows of transfers, top-ups, application fees, and disputes' balance transactions."""

from __future__ import annotations

from typing import Any

from api.simulator.truth.records import Record, Records, common_fields

Rows = dict[str, dict[str, Any]]

_TRANSFER = (
    "amount",
    "amount_reversed",
    "currency",
    "reversed",
    "destination",
    "destination_payment",
    "source_transaction",
    "source_type",
    "balance_transaction",
    "transfer_group",
    "description",
    "reversals",
    "metadata",
)
_TOPUP = (
    "status",
    "amount",
    "currency",
    "expected_availability_date",
    "failure_code",
    "failure_message",
    "balance_transaction",
    "source",
    "statement_descriptor",
    "transfer_group",
    "description",
    "metadata",
)
_FEE = (
    "amount",
    "amount_refunded",
    "currency",
    "refunded",
    "charge",
    "connected_account",
    "application",
    "originating_transaction",
    "balance_transaction",
    "fee_source",
    "payout",
)
_FEE_REFUND = ("amount", "currency", "created", "balance_transaction", "metadata")
_TRANSACTION = (
    "status",
    "amount",
    "fee",
    "net",
    "currency",
    "type",
    "reporting_category",
    "source",
    "available_on",
    "exchange_rate",
    "payout",
    "fee_details",
    "description",
    "balance_type",
)


def transfers(records: Records) -> Rows:
    """Return the row of every transfer, by id."""
    return _rows(records, "transfer", _TRANSFER)


def topups(records: Records) -> Rows:
    """Return the row of every top-up, by id."""
    return _rows(records, "topup", _TOPUP)


def balance_transactions(records: Records) -> Rows:
    """Return the row of every balance transaction that a dispute showed, by id."""
    rows = _rows(records, "balance_transaction", _TRANSACTION)
    return {id: {**row, "metadata": None} for id, row in rows.items()}


def application_fees(records: Records) -> Rows:
    """Return the row of every application fee, by id, with all refunds of it."""
    return {fee.id: _fee(records, fee) for fee in records.by_id("application_fee").values()}


def _fee(records: Records, fee: Record) -> dict[str, Any]:
    refunds = [refund for refund in records.by_id("fee_refund").values() if refund["fee"] == fee.id]
    events = [event for record in (fee, *refunds) for event in record.events()]
    shown = [{"id": each.id, **{name: each[name] for name in _FEE_REFUND}} for each in refunds]
    return {
        **common_fields("application_fee", fee.id, fee["created"], events),
        **{name: fee[name] for name in _FEE},
        "refunds": sorted(shown, key=lambda each: (each["created"], each["id"])),
        "metadata": None,
    }


def _rows(records: Records, stripe_object: str, names: tuple[str, ...]) -> Rows:
    return {
        record.id: {
            **common_fields(stripe_object, record.id, record["created"], record.events()),
            **{name: record[name] for name in names},
        }
        for record in records.by_id(stripe_object).values()
    }
