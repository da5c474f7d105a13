"""Subscriptions: what renews, and in which state it is."""

from __future__ import annotations

from typing import Any

from projections.kinds.invoices import INVOICE
from projections.objects.declaration import Link, StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.aggregate import Aggregate
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "SUBSCRIPTION"]


def _earliest(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    times = [item for item in value if item is not None]
    if all(type(item) is int for item in times):
        return min(times, default=None)
    # What is no time is left for the decoder to refuse.
    return next(item for item in times if type(item) is not int)


def _latest_invoice_status(subscription: Aggregate) -> Any:
    invoice = subscription.component.get("invoice", subscription.values.get("latest_invoice"))
    return invoice.values.get("status") if invoice is not None else None


def _deleted(values: dict[str, Any], type: str, created: int) -> None:
    # The type counts, should the snapshot be older than its event.
    if type == "customer.subscription.deleted" and values.get("status") != "incomplete_expired":
        values["status"] = "canceled"


_ITEM = (
    Field("id", Type.ID, "The item's id.", at("id")),
    Field("price", Type.ID, "Its price; before prices, its plan.", at("price", "plan")),
    Field("product", Type.ID, "The product sold.", at("price.product", "plan.product")),
    Field("quantity", Type.INTEGER, "How many.", at("quantity")),
    Field(
        "unit_amount", Type.INTEGER, "Price of one, in the minor unit.",
        at("price.unit_amount", "plan.amount"),
    ),
    Field(
        "interval", Type.CODE, "How often it renews: day, week, month or year.",
        at("price.recurring.interval", "plan.interval"),
    ),
    Field(
        "interval_count", Type.INTEGER, "How many intervals from one renewal to the next.",
        at("price.recurring.interval_count", "plan.interval_count"),
    ),
)  # fmt: skip

_FIELDS = (
    Field("status", Type.CODE, "Stripe's status.", at("status")),
    Field(
        "customer", Type.ID, "The customer, or the account that is one.",
        at("customer", "customer_account"),
    ),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.",
        at("currency", "plan.currency", "items.data.0.price.currency",
           "items.data.0.plan.currency"),
        convert=lower,
    ),
    Field("items", Type.LIST, "What is subscribed to.", at("items.data"), items=_ITEM),
    Field(
        "current_period_start", Type.TIME, "Start of the period; of several, the earliest.",
        at("items.data.*.current_period_start", "current_period_start"), convert=_earliest,
    ),
    Field(
        "current_period_end", Type.TIME, "End of the period; of several, the earliest.",
        at("items.data.*.current_period_end", "current_period_end"), convert=_earliest,
    ),
    Field(
        "cancel_at_period_end", Type.BOOLEAN, "Whether it ends with the period.",
        at("cancel_at_period_end"),
    ),
    Field("cancel_at", Type.TIME, "When it is going to be canceled.", at("cancel_at")),
    Field("canceled_at", Type.TIME, "When its cancellation was asked for.", at("canceled_at")),
    Field("ended_at", Type.TIME, "When it ended.", at("ended_at")),
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
        "default_payment_method", Type.ID, "What it is paid with.", at("default_payment_method")
    ),
)  # fmt: skip

SUBSCRIPTION = StripeObject(
    "subscription",
    event_types=("customer.subscription.*",),
    reads=reads_of(*_FIELDS),
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
    from_event_type=_deleted,
)

KIND = Kind(
    name="subscriptions",
    object="subscription",
    about="Subscriptions and the state they are in.",
    members=(SUBSCRIPTION,),
    references=(INVOICE.referenced("status"),),
    joins=frozenset({"subscription"}),
    summary=(),
    fields=_FIELDS,
)
