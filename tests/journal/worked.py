"""Each rule's worked example: what is told, and the balances that it comes to, worked by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.journal.money import Told, record
from tests.projections.histories import Json

NEWEST = "2026-10-28.endive"
BEFORE_BASIL = "2024-06-20"


@dataclass(frozen=True)
class Example:
    """A history of money, and what stands on the accounts after it.

    ``balances``: by account and currency in the minor unit, debit positive; all others are zero,
    each clearing account among them, for each object by itself. ``meanwhile``: the same after so
    many entries of the log, where clearing may wait for its other leg.
    """

    name: str
    log: tuple[Told, ...]
    balances: Mapping[str, int]
    meanwhile: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


def event(type: str, created: int, object: Json, version: str = NEWEST, **before: Any) -> Json:
    """An event; ``before`` is what of the object was otherwise before it."""
    data: Json = {"object": object}
    if before:
        data["previous_attributes"] = before
    return {
        "id": f"evt_{type.replace('.', '_')}_{created}_{object['id']}",
        "object": "event",
        "type": type,
        "created": created,
        "livemode": False,
        "api_version": version,
        "data": data,
    }


def transaction(
    id: str,
    created: int,
    category: str,
    source: Any,
    amount: int,
    currency: str,
    fees: Mapping[str, int] | None = None,
    **more: Any,
) -> Told:
    """A balance transaction as it is recorded, with the parts of its fee by type."""
    fees = fees or {}
    return record(
        {
            "id": id,
            "object": "balance_transaction",
            "created": created,
            "type": more.pop("type", category),
            "reporting_category": category,
            "source": source,
            "amount": amount,
            "fee": sum(fees.values()),
            "net": amount - sum(fees.values()),
            "currency": currency,
            "fee_details": [
                {"type": type, "amount": part, "currency": currency} for type, part in fees.items()
            ],
            "status": "available",
            **more,
        },
        created + 86_400,
    )


def charge(amount: int, currency: str = "usd", **more: Any) -> Json:
    """A charge that succeeded and was captured whole, unless it says otherwise."""
    return {
        "id": "ch_1", "object": "charge", "created": 1_000, "status": "succeeded",
        "amount": amount, "amount_captured": amount, "captured": True, "amount_refunded": 0,
        "currency": currency, **more,
    }  # fmt: skip


def refund(amount: int, status: str, currency: str = "usd", **more: Any) -> Json:
    """A refund of the charge."""
    return {
        "id": "re_1", "object": "refund", "created": 2_000, "charge": "ch_1", "amount": amount,
        "currency": currency, "status": status, **more,
    }  # fmt: skip


def dispute(status: str, *transactions: Told, currency: str = "usd", **more: Any) -> Json:
    """A dispute of the charge, which shows its transactions."""
    shown = [json_of(each) for each in transactions]
    return {
        "id": "dp_1", "object": "dispute", "created": 3_000, "charge": "ch_1", "amount": 10_000,
        "currency": currency, "status": status, "balance_transactions": shown, **more,
    }  # fmt: skip


def payout(amount: int, status: str, **more: Any) -> Json:
    """A payout to a bank account."""
    return {
        "id": "po_1", "object": "payout", "created": 4_000, "amount": amount, "currency": "usd",
        "status": status, "destination": "ba_1", "arrival_date": 90_000, **more,
    }  # fmt: skip


def transfer(amount: int, **more: Any) -> Json:
    """A transfer to a connected account."""
    return {
        "id": "tr_1", "object": "transfer", "created": 5_000, "amount": amount,
        "amount_reversed": 0, "currency": "usd", "destination": "acct_1",
        "reversals": {"data": []}, **more,
    }  # fmt: skip


def reversal(amount: int) -> Json:
    """A reversal of the transfer."""
    return {
        "id": "trr_1", "object": "transfer_reversal", "created": 5_500, "amount": amount,
        "currency": "usd", "transfer": "tr_1",
    }  # fmt: skip


def application_fee(amount: int, refunded: int = 0, **more: Any) -> Json:
    """An application fee."""
    return {
        "id": "fee_1", "object": "application_fee", "created": 6_000, "amount": amount,
        "amount_refunded": refunded, "currency": "usd", "account": "acct_1", **more,
    }  # fmt: skip


def topup(status: str) -> Json:
    """A top-up from a bank account."""
    return {
        "id": "tu_1", "object": "topup", "created": 7_000, "amount": 20_000, "currency": "usd",
        "status": status, "source": "src_1",
    }  # fmt: skip


def json_of(shown_by: Told) -> Json:
    """The object that a record shows."""
    assert not isinstance(shown_by, dict)
    shown: Json = json.loads(shown_by.object)
    return shown
