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
    "failure_balance_transaction",
    "trace_id",
    "payout_method",
    "statement_descriptor",
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
    "eventually_due",
    "past_due",
    "pending_verification",
    "current_deadline",
    "requirement_errors",
    "type",
    "business_name",
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
    named = [record["account"] for record in records.by_id("capability").values()]
    ids = dict.fromkeys([*known, *(event.account for event in access if event.account), *named])
    return {account_id: _account(records, account_id, access) for account_id in ids}


def _account(records: Records, account_id: str, access: list[EventFacts]) -> dict[str, Any]:
    account = records.by_id("account").get(account_id) or Record(account_id)
    own = [event for event in access if event.account == account_id]
    events = [
        *account.events(),
        *own,
        *(
            event
            for record in records.by_id("capability").values()
            if record["account"] == account_id
            for event in record.events()
        ),
    ]
    is_deauthorized = bool(own) and own[-1].type.endswith(".deauthorized")
    return {
        **common_fields("account", account_id, account["created"], events),
        **{name: account[name] for name in _ACCOUNT},
        "capabilities": _capabilities(records, account_id),
        "deauthorized_at": own[-1].created if is_deauthorized else None,
        "metadata": account["metadata"] or {},
    }


def _capabilities(records: Records, account_id: str) -> dict[str, str] | None:
    """Return the capabilities as last shown: all by the account, or one by its own event."""
    capabilities: dict[str, str] | None = None
    for event in records.events:
        for shown in event.objects:
            if shown.object == "account" and shown.id == account_id:
                capabilities = dict(shown.fields["capabilities"])
            elif shown.object == "capability" and shown.fields["account"] == account_id:
                capabilities = {**(capabilities or {}), shown.id: shown.fields["status"]}
    return capabilities
