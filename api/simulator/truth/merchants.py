"""The true rows of payouts and connected accounts."""

from __future__ import annotations

from typing import Any

from api.simulator.facts import EventFacts
from api.simulator.truth.records import Record, Records, common_fields, first_seen

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
    """Return the row of every payout, by id."""
    return {payout.id: _payout(payout) for payout in records.by_id("payout").values()}


def _payout(payout: Record) -> dict[str, Any]:
    return {
        **common_fields("payout", payout.id, payout["created"], payout.events()),
        **{name: payout[name] for name in _PAYOUT},
        "paid_at": first_seen(payout, lambda facts: facts["status"] == "paid"),
        "failed_at": first_seen(payout, lambda facts: facts["status"] == "failed"),
    }


def accounts(records: Records) -> dict[str, dict[str, Any]]:
    """Return the row of every connected account, by id.

    Those are included of which only the platform's access was shown.
    """
    known = records.by_id("account")
    access = [e for e in records.events if e.type.startswith("account.application.")]
    ids = dict.fromkeys([*known, *(event.account for event in access if event.account)])
    return {account_id: _account(account_id, known.get(account_id), access) for account_id in ids}


def _account(account_id: str, account: Record | None, access: list[EventFacts]) -> dict[str, Any]:
    account = account or Record(account_id)
    own = [event for event in access if event.account == account_id]
    is_deauthorized = bool(own) and own[-1].type.endswith(".deauthorized")
    return {
        **common_fields("account", account_id, account["created"], [*account.events(), *own]),
        **{name: account[name] for name in _ACCOUNT},
        "deauthorized_at": own[-1].created if is_deauthorized else None,
        "metadata": account["metadata"] or {},
    }
