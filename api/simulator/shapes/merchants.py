"""The JSON of payouts, connected accounts and the platform's application, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json, list_object
from api.simulator.versions import ApiVersion
from api.simulator.world import Account, Application, Payout


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
        "statement_descriptor": None,
        "status": payout.status,
        "type": payout.type,
    }
    if api.payout_reversal:
        shape.update(original_payout=payout.original_payout, reversed_by=payout.reversed_by)
    if api.reconciliation_status:
        shape["reconciliation_status"] = payout.reconciliation_status
        shape.update(application_fee=None, application_fee_amount=None)
    if api.parent:
        shape["trace_id"] = {"status": "pending", "value": None}
    return shape


def account(account: Account) -> Json:
    """Return an Account; the fields that rows read have not moved since 2019-02-19."""
    active = "active" if account.charges_enabled else "inactive"
    requirements: Json = {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(account.currently_due),
        "disabled_reason": account.disabled_reason,
        "errors": [],
        "eventually_due": list(account.currently_due),
        "past_due": list(account.past_due),
        "pending_verification": [],
    }
    return {
        "id": account.id,
        "object": "account",
        "business_profile": {
            "mcc": "5734",
            "name": "Example Shop",
            "product_description": None,
            "support_address": None,
            "support_email": account.email,
            "support_phone": None,
            "support_url": None,
            "url": "https://shop.example.com",
        },
        "business_type": account.business_type,
        "capabilities": {"card_payments": active, "transfers": active},
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
        "type": "standard",
    }


def application(application: Application) -> Json:
    """Return an Application; only the envelope of its event names the connected account."""
    return {"id": application.id, "object": "application", "name": application.name}
