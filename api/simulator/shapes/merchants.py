"""The JSON of payouts, connected accounts and the platform's application, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json, list_object
from api.simulator.versions import ApiVersion
from api.simulator.world import Account, Application, Capability, Payout


def payout(payout: Payout, api: ApiVersion, livemode: bool) -> Json:
    """Return a Payout; 2020-08-27 added reversals, 2022-11-15 the reconciliation status."""
    shape: Json = {
        "id": payout.id,
        "object": "payout",
        "amount": payout.amount,
        "arrival_date": payout.arrival_date,
        "automatic": payout.automatic,
        "balance_transaction": payout.balance_transaction,
        "created": payout.created,
        "currency": payout.currency,
        "description": "STRIPE PAYOUT",
        "destination": payout.destination,
        "failure_balance_transaction": payout.failure_balance_transaction,
        "failure_code": payout.failure.code if payout.failure else None,
        "failure_message": payout.failure.message if payout.failure else None,
        "livemode": livemode,
        "metadata": dict(payout.metadata),
        "method": payout.method,
        "source_type": "card",
        "statement_descriptor": payout.statement_descriptor,
        "status": payout.status,
        "type": payout.type,
    }
    if api.payout_reversal:
        shape.update(original_payout=payout.original_payout, reversed_by=payout.reversed_by)
    if api.reconciliation_status:
        shape["reconciliation_status"] = payout.reconciliation_status
        shape.update(application_fee=None, application_fee_amount=None)
    if api.payout_trace:
        status = "supported" if payout.trace_id else "pending"
        shape["trace_id"] = {"status": status, "value": payout.trace_id}
    if api.payout_method:
        shape["payout_method"] = payout.payout_method
    return shape


def account(account: Account) -> Json:
    """Return an Account; the fields that rows read have not moved since 2019-02-19."""
    errors = [
        {"code": code, "reason": "Please correct it.", "requirement": requirement}
        for code, requirement in account.requirement_errors
    ]
    requirements: Json = {
        "alternatives": [],
        "current_deadline": account.current_deadline,
        "currently_due": list(account.currently_due),
        "disabled_reason": account.disabled_reason,
        "errors": errors,
        "eventually_due": list(account.eventually_due),
        "past_due": list(account.past_due),
        "pending_verification": list(account.pending_verification),
    }
    return {
        "id": account.id,
        "object": "account",
        "business_profile": {
            "mcc": "5734",
            "name": account.business_name,
            "product_description": None,
            "support_address": None,
            "support_email": account.email,
            "support_phone": None,
            "support_url": None,
            "url": "https://shop.example.com",
        },
        "business_type": account.business_type,
        "capabilities": dict(account.capabilities),
        "charges_enabled": account.charges_enabled,
        "controller": {"is_controller": True, "type": "application"},
        "country": account.country,
        "created": account.created,
        "default_currency": account.default_currency,
        "details_submitted": account.details_submitted,
        "email": account.email,
        "external_accounts": list_object([], f"/v1/accounts/{account.id}/external_accounts"),
        "metadata": dict(account.metadata),
        "payouts_enabled": account.payouts_enabled,
        "requirements": requirements,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None},
            "card_payments": {
                "decline_on": {"avs_failure": False, "cvc_failure": True},
                "statement_descriptor_prefix": None,
            },
            "dashboard": {"display_name": "Example Shop", "timezone": "Europe/Dublin"},
            "payments": {"statement_descriptor": "EXAMPLE SHOP"},
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "tos_acceptance": {"date": account.created if account.details_submitted else None},
        "type": account.type,
    }


def capability(capability: Capability) -> Json:
    """Return a Capability; it has no `livemode`, and its id is its name."""
    return {
        "id": capability.id,
        "object": "capability",
        "account": capability.account.id,
        "requested": True,
        "requested_at": capability.requested_at,
        "requirements": {
            "current_deadline": None,
            "currently_due": list(capability.account.currently_due),
            "disabled_reason": None if capability.status == "active" else "rejected.other",
            "errors": [],
            "eventually_due": [],
            "past_due": [],
            "pending_verification": [],
        },
        "status": capability.status,
    }


def application(application: Application) -> Json:
    """Return an Application; only the envelope of its event names the connected account."""
    return {"id": application.id, "object": "application", "name": application.name}
