"""The facts of payouts and connected accounts."""

from __future__ import annotations

from api.simulator.facts.parts import Facts, same
from api.simulator.versions import ApiVersion
from api.simulator.world import Account, Payout


def payout(payout: Payout, api: ApiVersion) -> Facts:
    """Return the facts of a payout."""
    fields: Facts = {
        **same(
            payout,
            "created status amount currency arrival_date method type automatic destination "
            "balance_transaction failure_balance_transaction statement_descriptor",
        ),
        "failure_code": payout.failure.code if payout.failure else None,
        "failure_message": payout.failure.message if payout.failure else None,
        "metadata": dict(payout.metadata),
    }
    if api.payout_reversal:
        fields.update(original_payout=payout.original_payout, reversed_by=payout.reversed_by)
    if api.reconciliation_status:
        fields["reconciliation_status"] = payout.reconciliation_status
    if api.payout_trace:
        fields["trace_id"] = payout.trace_id
    if api.payout_method:
        fields["payout_method"] = payout.payout_method
    return fields


def account(account: Account) -> Facts:
    """Return the facts of a connected account."""
    lists = ("currently_due", "eventually_due", "past_due", "pending_verification")
    return {
        **same(
            account,
            "created charges_enabled payouts_enabled details_submitted country type "
            "default_currency email business_type business_name disabled_reason current_deadline",
        ),
        **{name: list(getattr(account, name)) for name in lists},
        "requirement_errors": [code for code, _ in account.requirement_errors],
        "capabilities": dict(account.capabilities),
        "metadata": dict(account.metadata),
    }
