"""Subscriptions: what renews, and in which state it is."""

from __future__ import annotations

from typing import Any

from projections.kinds.invoices import INVOICE
from projections.kinds.subscription_items import ITEM, first_period, item_of_plan
from projections.objects.declaration import Link, Listing, Read, StripeObject
from projections.objects.paths import at
from projections.objects.state import State
from projections.objects.types import Type, lower
from projections.payments.objects import CHECKOUT_SESSION
from projections.rows.aggregate import Aggregate
from projections.rows.condition import Condition, status_is
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "SUBSCRIPTION"]


def _items(subscription: Aggregate) -> list[dict[str, Any]] | None:
    """The items; while the subscription has the period, it is the period of each."""
    values = subscription.values
    items: list[dict[str, Any]] | None = values.get("items")
    if items is None or values.get("period_end") is None:
        return items
    names = ("period_start", "period_end")
    return [
        item
        if item["current_period_end"] is not None
        else {**item, **{f"current_{name}": values.get(name) for name in names}}
        for item in items
    ]


def _period(subscription: Aggregate) -> tuple[int | None, int | None]:
    values = subscription.values
    if values.get("period_end") is not None:
        return values.get("period_start"), values["period_end"]
    return first_period(values.get("items"))


def _ends_at(subscription: Aggregate) -> Any:
    values = subscription.values
    for name in ("ended_at", "cancel_at"):
        if values.get(name) is not None:
            return values[name]
    return _period(subscription)[1] if values.get("cancel_at_period_end") else None


def _discount_ids(value: Any) -> Any:
    # Until 2025-03-31 there was one at most, whole; a young one had no id.
    discounts = [value] if isinstance(value, dict) else value
    if not isinstance(discounts, list):
        return value
    return [each.get("id") if isinstance(each, dict) else each for each in discounts]


def _discounts(subscription: Aggregate) -> list[str] | None:
    # Null is what older versions say where newer ones have an empty list.
    ids = subscription.values.get("discounts") or []
    return None if None in ids else ids


def _pending_update(subscription: Aggregate) -> bool | None:
    values = subscription.values
    return bool(values["pending_update"]) if "pending_update" in values else None


def _latest_invoice_status(subscription: Aggregate) -> Any:
    invoice = subscription.component.get("invoice", subscription.values.get("latest_invoice"))
    return invoice.values.get("status") if invoice is not None else None


def _session(subscription: Aggregate) -> State | None:
    sessions = subscription.component.linking("checkout.session", "subscription", subscription.id)
    return sessions[0] if sessions else None


def _client_reference_id(subscription: Aggregate) -> Any:
    session = _session(subscription)
    return session.values.get("client_reference_id") if session is not None else None


def _from_type(values: dict[str, Any], type: str, created: int) -> None:
    # The type counts, should the snapshot be older than its event.
    if type == "customer.subscription.deleted" and values.get("status") != "incomplete_expired":
        values["status"] = "canceled"
    # Only the type says so; it is over with the trial, and may be said of another one.
    if type == "customer.subscription.trial_will_end":
        values["trial_will_end"] = created
    elif values.get("status") != "trialing":
        values["trial_will_end"] = None


def _is_cancel_scheduled(subscription: Aggregate) -> bool:
    values = subscription.values
    is_over = values.get("status") in ("canceled", "incomplete_expired")
    return not is_over and bool(values.get("cancel_at_period_end") or values.get("cancel_at"))


_CONDITIONS = (
    status_is("incomplete", "Its first payment failed or waits for the customer."),
    status_is("incomplete_expired", "Its first payment was never made: it is over."),
    status_is("trialing", "It is in its trial."),
    status_is("active", "It is paid for."),
    status_is("past_due", "A payment of it failed, and is going to be tried again."),
    status_is("unpaid", "Its payments failed for good; it goes on without them."),
    status_is("paused", "Its trial ended without a way to pay, or it was paused."),
    status_is("canceled", "It is over."),
    Condition("cancel_scheduled", "It is going to end, with its period or at a set time.",
              _is_cancel_scheduled),
    Condition("trial_ending", "Stripe said that its trial is about to end.",
              lambda subscription: subscription.values.get("trial_will_end") or 0),
)  # fmt: skip


_FIELDS = (
    Field("status", Type.CODE, "Stripe's status.", at("status")),
    Field("customer", Type.ID, "The customer.", at("customer")),
    Field("customer_account", Type.ID, "The account that is the customer.",
          at("customer_account")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.",
        at("currency", "plan.currency", "items.data.0.price.currency",
           "items.data.0.plan.currency"),
        convert=lower,
    ),
    Field("items", Type.LIST, "What is subscribed to.", derive=_items, items=ITEM),
    Field(
        "items_has_more", Type.BOOLEAN, "Whether it has more items than Stripe's event shows.",
        at("items.has_more"),
    ),
    Field(
        "current_period_start", Type.TIME,
        "Start of the period; where each item has one, of the one that ends first.",
        derive=lambda subscription: _period(subscription)[0],
    ),
    Field(
        "current_period_end", Type.TIME,
        "End of the period; where each item has one, of the one that ends first.",
        derive=lambda subscription: _period(subscription)[1],
    ),
    Field(
        "cancel_at_period_end", Type.BOOLEAN, "Whether it ends with the period.",
        at("cancel_at_period_end"),
    ),
    Field("cancel_at", Type.TIME, "When it is going to be canceled.", at("cancel_at")),
    Field("canceled_at", Type.TIME, "When its cancellation was asked for.", at("canceled_at")),
    Field("ended_at", Type.TIME, "When it ended.", at("ended_at")),
    Field(
        "ends_at", Type.TIME, "When it ended, or is going to: at `cancel_at`, or with the period.",
        derive=_ends_at,
    ),
    Field(
        "cancellation_reason", Type.CODE, "Why it was canceled: `payment_failed`, …",
        at("cancellation_details.reason"),
    ),
    Field(
        "cancellation_feedback", Type.CODE, "Why the customer canceled it: `too_expensive`, …",
        at("cancellation_details.feedback"),
    ),
    Field("trial_start", Type.TIME, "Start of the trial.", at("trial_start")),
    Field("trial_end", Type.TIME, "End of the trial.", at("trial_end")),
    Field("start_date", Type.TIME, "When it began.", at("start_date", "start")),
    Field(
        "collection_method", Type.CODE, "`charge_automatically` or `send_invoice`.",
        at("collection_method", "billing"),
    ),
    Field("latest_invoice", Type.ID, "The newest invoice.", at("latest_invoice")),
    Field(
        "latest_invoice_status", Type.CODE, "The newest invoice's status, lent by the invoice.",
        derive=_latest_invoice_status,
    ),
    Field(
        "pause_collection", Type.CODE, "What happens to invoices while collection is paused.",
        at("pause_collection.behavior"),
    ),
    Field(
        "resumes_at", Type.TIME, "When paused collection goes on.",
        at("pause_collection.resumes_at"),
    ),
    Field(
        "paused_reason", Type.CODE, "Why its status is `paused`: `pause_requested`, …",
        at("status_details.paused.subscription.type"),
    ),
    Field(
        "default_payment_method", Type.ID, "What it is paid with.", at("default_payment_method")
    ),
    Field("schedule", Type.ID, "The schedule that is going to change it.", at("schedule")),
    Field("discounts", Type.LIST, "Ids of its discounts.", derive=_discounts),
    Field(
        "pending_update", Type.BOOLEAN, "Whether an update waits for its invoice to be paid.",
        derive=_pending_update,
    ),
    Field("billing_mode", Type.CODE, "`classic` or `flexible`.", at("billing_mode.type")),
    Field(
        "application_fee_percent", Type.NUMBER, "How many percent of invoices the platform takes.",
        at("application_fee_percent"),
    ),
    Field(
        "on_behalf_of", Type.ID, "The account that is the merchant of record.", at("on_behalf_of")
    ),
    Field(
        "checkout_session", Type.ID, "The Checkout Session that made it.",
        derive=lambda subscription: getattr(_session(subscription), "id", None),
    ),
    Field(
        "client_reference_id", Type.CODE, "The merchant's own reference, lent by that session.",
        derive=_client_reference_id,
    ),
)  # fmt: skip

SUBSCRIPTION = StripeObject(
    "subscription",
    event_types=("customer.subscription.*",),
    # Without it the canceled ones are left out.
    listing=Listing(({"status": "all"},)),
    reads=(
        *reads_of(*_FIELDS),
        Read("items", Type.LIST, at("items.data"), fallback=item_of_plan, items=reads_of(*ITEM)),
        # Null in the newest snapshot that has none: its items have a period each.
        Read("period_start", Type.TIME, at("current_period_start"), fallback=lambda _: None),
        Read("period_end", Type.TIME, at("current_period_end"), fallback=lambda _: None),
        Read("discounts", Type.LIST, at("discounts", "discount"), _discount_ids),
        Read("pending_update", Type.BOOLEAN, at("pending_update"), lambda update: True),
    ),
    terminal=frozenset({"canceled", "incomplete_expired"}),
    type_order=(
        "created",
        "trial_will_end",
        "pending_update_applied|pending_update_expired",
        "updated",
        "paused|resumed",
        "deleted",
    ),
    status_order=(
        "incomplete",
        "trialing",
        "active",
        "past_due",
        "unpaid",
        "paused",
        "incomplete_expired",
        "canceled",
    ),
    links=(Link("invoice", at("latest_invoice")),),
    from_event_type=_from_type,
)

KIND = Kind(
    name="subscriptions",
    object="subscription",
    about="Subscriptions and the state they are in.",
    members=(SUBSCRIPTION,),
    references=(INVOICE.referenced("status"), CHECKOUT_SESSION.referenced("client_reference_id")),
    joins=frozenset({"subscription"}),
    summary=(),
    search=("client_reference_id",),
    conditions=_CONDITIONS,
    fields=_FIELDS,
)
