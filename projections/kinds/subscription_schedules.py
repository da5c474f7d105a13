"""Subscription schedules: what a subscription is going to become, phase by phase."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.paths import at
from projections.objects.types import Type
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "SUBSCRIPTION_SCHEDULE"]

_ITEM = (
    Field("price", Type.ID, "The price; before prices, the plan.", at("price", "plan")),
    Field("quantity", Type.INTEGER, "How many.", at("quantity")),
)

_PHASE = (
    Field("start_date", Type.TIME, "When it begins.", at("start_date")),
    Field("end_date", Type.TIME, "When it ends.", at("end_date")),
    Field("trial_end", Type.TIME, "When its trial ends.", at("trial_end")),
    Field("items", Type.LIST, "What is subscribed to in it.", at("items", "plans"), items=_ITEM),
)

_FIELDS = (
    Field(
        "status", Type.CODE, "`not_started`, `active`, `completed`, `released` or `canceled`.",
        at("status"),
    ),
    Field(
        "subscription", Type.ID, "The subscription it changes, or changed until its release.",
        at("subscription", "released_subscription"),
    ),
    Field("customer", Type.ID, "The customer.", at("customer")),
    Field("customer_account", Type.ID, "The account that is the customer.",
          at("customer_account")),
    Field(
        "current_phase_start", Type.TIME, "When the current phase began.",
        at("current_phase.start_date"),
    ),
    Field(
        "current_phase_end", Type.TIME, "When the current phase ends.",
        at("current_phase.end_date"),
    ),
    Field("phases", Type.LIST, "Its phases, in order.", at("phases"), items=_PHASE),
    Field(
        "end_behavior", Type.CODE,
        "What becomes of the subscription after the last phase: `release`, `cancel`, …",
        at("end_behavior", "renewal_behavior"),
    ),
    Field("released_at", Type.TIME, "When it let go of its subscription.", at("released_at")),
    Field("canceled_at", Type.TIME, "When it was canceled.", at("canceled_at")),
)  # fmt: skip

SUBSCRIPTION_SCHEDULE = StripeObject(
    "subscription_schedule",
    event_types=("subscription_schedule.*",),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({"completed", "canceled", "released"}),
    type_order=("created", "updated", "expiring", "completed|released|aborted|canceled"),
    status_order=("not_started", "active", "completed", "released", "canceled"),
)

KIND = Kind(
    name="subscription_schedules",
    object="subscription_schedule",
    about="What subscriptions are going to become.",
    members=(SUBSCRIPTION_SCHEDULE,),
    fields=_FIELDS,
)
