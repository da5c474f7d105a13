"""The resources that our own Stripe lists and retrieves: where each is, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.simulator import world
from api.simulator.shapes import Json, render
from api.simulator.states import State
from api.simulator.stripe.errors import missing
from api.simulator.stripe.lists import Params, allow_only, created_filter, page
from api.simulator.stripe.platform import Platform, Scope
from api.simulator.versions import ApiVersion

__all__ = ["RESOURCES", "Resource", "list_objects", "retrieve_object"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of objects: its name in errors, its permission, and which fields filter its list.

    Without `kind` it is made of something else than objects of the world.
    """

    name: str
    permission: str
    title: str
    kind: type | None = None
    filters: tuple[str, ...] = ()


_CUSTOMER = ("customer",)

RESOURCES: Mapping[str, Resource] = {
    "events": Resource("event", "event", "Events"),
    "webhook_endpoints": Resource(
        "webhook_endpoint", "webhook", "Webhook Endpoints, Event Destinations"
    ),
    "balance_transactions": Resource("balance_transaction", "balance", "Balance"),
    "accounts": Resource("account", "connected_account", "Connected Accounts"),
    "charges": Resource(
        "charge", "charge", "Charges", world.Charge, (*_CUSTOMER, "payment_intent")
    ),
    "payment_intents": Resource(
        "payment_intent", "payment_intent", "PaymentIntents", world.PaymentIntent, _CUSTOMER
    ),
    "refunds": Resource(
        "refund", "charge", "Charges", world.Refund, ("charge", "payment_intent")
    ),
    "disputes": Resource(
        "dispute", "dispute", "Disputes", world.Dispute, ("charge", "payment_intent")
    ),
    "radar/early_fraud_warnings": Resource(
        "early_fraud_warning", "radar", "Radar", world.EarlyFraudWarning,
        ("charge", "payment_intent"),
    ),
    "checkout/sessions": Resource(
        "checkout.session", "checkout_session", "Checkout Sessions", world.Session,
        (*_CUSTOMER, "payment_intent", "subscription", "status"),
    ),
    "invoices": Resource(
        "invoice", "invoice", "Invoices", world.Invoice, (*_CUSTOMER, "subscription", "status")
    ),
    "invoice_payments": Resource(
        "invoice_payment", "invoice", "Invoices", world.InvoicePayment, ("invoice", "status")
    ),
    "credit_notes": Resource(
        "credit_note", "credit_note", "Credit Notes", world.CreditNote, (*_CUSTOMER, "invoice")
    ),
    "subscriptions": Resource(
        "subscription", "subscription", "Subscriptions", world.Subscription,
        (*_CUSTOMER, "collection_method"),
    ),
    "subscription_schedules": Resource(
        "subscription_schedule", "subscription", "Subscriptions", world.Schedule, _CUSTOMER
    ),
    "coupons": Resource("coupon", "coupon", "Coupons", world.Coupon),
    "customers": Resource("customer", "customer", "Customers", world.Customer, ("email",)),
    "products": Resource("product", "product", "Products", world.Product, ("active",)),
    "prices": Resource("price", "price", "Prices", world.Price, ("product", "active")),
    "plans": Resource("plan", "plan", "Plans", world.Plan, ("product", "active")),
    "transfers": Resource(
        "transfer", "transfer", "Transfers", world.Transfer, ("destination", "transfer_group")
    ),
    "topups": Resource("topup", "topup", "Top-ups", world.Topup, ("status",)),
    "application_fees": Resource(
        "application_fee", "application_fee", "Application Fees", world.ApplicationFee, ("charge",)
    ),
    "payouts": Resource("payout", "payout", "Payouts", world.Payout, ("status", "destination")),
}  # fmt: skip
"""Every resource by its path below /v1."""


def list_objects(
    platform: Platform, scope: Scope, path: str, params: Params, api: ApiVersion
) -> Json:
    """A page of the objects of a kind, newest first; what is deleted is in no list."""
    resource = RESOURCES[path]
    extra = ("created", "status") if path == "subscriptions" else ("created",)
    allow_only(params, (*resource.filters, *extra))
    is_created = created_filter(params)
    items = [
        item
        for state in reversed(_states(platform, scope, path))
        if not state.is_deleted
        for item in [render(state.world_object, api, state.livemode)]
        if is_created(_created(item)) and _passes(item, resource, params)
    ]
    if path == "subscriptions":
        items = [item for item in items if _is_asked_for(item["status"], params.get("status"))]
    items.sort(key=_created, reverse=True)
    return page(items, params, f"/v1/{path}", resource.name)


def retrieve_object(platform: Platform, scope: Scope, path: str, id: str, api: ApiVersion) -> Json:
    """One object as it stands; of a deleted customer only that it was deleted."""
    resource = RESOURCES[path]
    for state in _states(platform, scope, path):
        if state.world_object.id != id:
            continue
        if not state.is_deleted:
            return render(state.world_object, api, state.livemode)
        if path == "customers":
            return {"id": id, "object": "customer", "deleted": True}
    raise missing(resource.name, id)


def _states(platform: Platform, scope: Scope, path: str) -> list[State]:
    if path == "accounts":
        # The platform's list has all of them, whose events are their own.
        return [
            State(account.created, account.id, scope.livemode, account)
            for account in platform.accounts(scope.livemode)
        ]
    kind = RESOURCES[path].kind
    assert kind is not None
    return platform.states(scope, kind)


def _created(item: Json) -> int:
    return int(item.get("created") or 0)


def _passes(item: Json, resource: Resource, params: Params) -> bool:
    wanted = ((name, params[name]) for name in resource.filters if name in params)
    return all(str(item.get(name)).lower() == str(value).lower() for name, value in wanted)


def _is_asked_for(status: str, wanted: str | None) -> bool:
    """Unless it is asked for, a list of subscriptions leaves out those that were canceled."""
    match wanted:
        case None:
            return status != "canceled"
        case "all":
            return True
        case "ended":
            return status in ("canceled", "incomplete_expired")
        case _:
            return status == wanted
