"""The rows of payouts and connected accounts."""

from __future__ import annotations

from typing import Any

from api.simulator.truth.records import Record, Records, common, first_second

_PAYOUT = (
    "status",
    "amount",
    "currency",
    "arrival_date",
    "method",
    "type",
    "automatic",
    "destination",
    "balance_transaction",
    "failure_code",
    "failure_message",
    "original_payout",
    "reversed_by",
    "reconciliation_status",
    "metadata",
)
_ACCOUNT = (
    "charges_enabled",
    "payouts_enabled",
    "details_submitted",
    "country",
    "default_currency",
    "email",
    "business_type",
    "disabled_reason",
    "currently_due",
    "past_due",
)


def payouts(records: Records) -> dict[str, dict[str, Any]]:
    """Every payout that was told of."""
    return {payout.id: _payout(payout) for payout in records.of("payout").values()}


def _payout(payout: Record) -> dict[str, Any]:
    return {
        **common("payout", payout.id, payout["created"], payout.events()),
        **{name: payout[name] for name in _PAYOUT},
        "paid_at": first_second(payout, lambda facts: facts["status"] == "paid"),
        "failed_at": first_second(payout, lambda facts: facts["status"] == "failed"),
    }


def accounts(records: Records) -> dict[str, dict[str, Any]]:
    """Every connected account that told of itself or of the platform's access to it."""
    told = records.of("account")
    access = [t for t in records.tellings if t.type.startswith("account.application.")]
    ids = dict.fromkeys([*told, *(t.account for t in access if t.account)])
    return {account: _account(account, told.get(account), access) for account in ids}


def _account(account_id: str, account: Record | None, access: list[Any]) -> dict[str, Any]:
    account = account or Record(account_id)
    mine = [telling for telling in access if telling.account == account_id]
    gone = mine[-1].created if mine and mine[-1].type.endswith(".deauthorized") else None
    return {
        **common("account", account_id, account["created"], [*account.events(), *mine]),
        **{name: account[name] for name in _ACCOUNT},
        "deauthorized_at": gone,
        "metadata": account["metadata"] or {},
    }
