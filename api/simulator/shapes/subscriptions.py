"""The JSON of subscriptions and their schedules, by API version."""

from __future__ import annotations

from typing import Any

from api.simulator.shapes.discounts import discount
from api.simulator.shapes.parts import Json, customer_keys, list_object
from api.simulator.versions import ApiVersion
from api.simulator.world import Item, Phase, Schedule, Subscription


def subscription(subscription: Subscription, api: ApiVersion, livemode: bool) -> Json:
    """Return a Subscription; 2020 turned plans to prices, 2025-03-31 moved the period to items."""
    sub = subscription
    items = [_item(item, sub, api) for item in sub.items]
    items_url = f"/v1/subscription_items?subscription={sub.id}"
    shape: Json = {
        "id": sub.id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": sub.application_fee_percent,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_cycle_anchor": sub.trial_end or sub.created,
        "cancel_at": sub.cancel_at,
        "cancel_at_period_end": sub.cancel_at_period_end,
        "canceled_at": sub.canceled_at,
        "cancellation_details": {
            "comment": None,
            "feedback": sub.cancellation_feedback,
            "reason": sub.cancellation_reason,
        },
        "billing" if api.billing else "collection_method": sub.collection_method,
        "created": sub.created,
        "currency": sub.currency,
        **customer_keys(sub.customer, api),
        "days_until_due": None,
        "default_payment_method": sub.default_payment_method,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "ended_at": sub.ended_at,
        "items": list_object(items, items_url, has_more=sub.is_cut_off),
        "latest_invoice": sub.latest_invoice,
        "livemode": livemode,
        "metadata": dict(sub.metadata),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": sub.on_behalf_of,
        "pause_collection": {"behavior": sub.pause_collection, "resumes_at": sub.resumes_at}
        if sub.pause_collection
        else None,
        "payment_settings": {"payment_method_options": None, "payment_method_types": None},
        "pending_setup_intent": None,
        "pending_update": _pending_update(sub),
        "schedule": sub.schedule,
        "status": sub.status,
        "transfer_data": None,
        "trial_end": sub.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": sub.trial_start,
    }
    if api.billing:
        shape["start"] = sub.created
    if api.start_date:
        shape["start_date"] = sub.created
    if not api.item_period:
        shape["current_period_start"] = sub.current_period_start
        shape["current_period_end"] = sub.current_period_end
    if api.discounts:
        shape["discounts"] = [each.id for each in sub.discounts]
    else:
        first = sub.discounts[0] if sub.discounts else None
        shape["discount"] = discount(first, api, livemode) if first else None
    if api.subscription_plan:
        shape.update(plan=items[0]["plan"], quantity=sub.items[0].quantity)
    if api.billing_mode:
        shape["billing_mode"] = {"type": sub.billing_mode, "updated_at": sub.created}
    if api.status_details:
        shape["status_details"] = _status_details(sub)
    return shape


def _pending_update(sub: Subscription) -> Json | None:
    if not sub.is_update_pending:
        return None
    return {
        "billing_cycle_anchor": None,
        "expires_at": sub.current_period_start + 82_800,
        "subscription_items": None,
        "trial_end": None,
        "trial_from_plan": None,
    }


def _status_details(sub: Subscription) -> Json | None:
    if sub.paused_reason is None:
        return None
    paused: Json = {
        "subscription": {"type": sub.paused_reason},
        "transitioned_at": sub.paused_at,
        "type": "subscription",
    }
    return {"paused": paused}


def _item(item: Item, sub: Subscription, api: ApiVersion) -> Json:
    shape: Json = {
        "id": item.id,
        "object": "subscription_item",
        "created": sub.created,
        "metadata": {},
        "subscription": sub.id,
        "tax_rates": [],
    }
    if item.quantity is not None:
        shape["quantity"] = item.quantity
    common: dict[str, Any] = {
        "id": item.price,
        "active": True,
        "billing_scheme": "per_unit",
        "created": sub.created,
        "currency": sub.currency,
        "metadata": {},
        "nickname": item.nickname,
        "product": item.product,
        "tiers_mode": None,
    }
    recurring: Json = {
        "interval": item.interval,
        "interval_count": item.interval_count,
        "meter": item.meter,
        "usage_type": item.usage_type,
    }
    if not api.item_period:
        amounts = {"amount": item.unit_amount, "amount_decimal": item.amount_decimal}
        shape["plan"] = {**common, "object": "plan", **amounts, **recurring}
    if api.price:
        shape["price"] = {
            **common,
            "object": "price",
            "lookup_key": item.lookup_key,
            "recurring": recurring,
            "type": "recurring",
            "unit_amount": item.unit_amount,
            "unit_amount_decimal": item.amount_decimal,
        }
    if api.item_period:
        start, end = item.period or (sub.current_period_start, sub.current_period_end)
        shape["current_period_start"] = start
        shape["current_period_end"] = end
        shape["discounts"] = []
    return shape


def schedule(schedule: Schedule, api: ApiVersion, livemode: bool) -> Json:
    """Return a SubscriptionSchedule; it had plans and a renewal behavior until 2020 and 2019."""
    current = schedule.current_phase
    shape: Json = {
        "id": schedule.id,
        "object": "subscription_schedule",
        "application": None,
        "canceled_at": schedule.canceled_at,
        "completed_at": schedule.completed_at,
        "created": schedule.created,
        "current_phase": {"end_date": current.end, "start_date": current.start}
        if current
        else None,
        **customer_keys(schedule.customer, api),
        "livemode": livemode,
        "metadata": dict(schedule.metadata),
        "phases": [_phase(phase, api) for phase in schedule.phases],
        "released_at": schedule.released_at,
        "released_subscription": schedule.released_subscription,
        "status": schedule.status,
        "subscription": schedule.subscription,
        "test_clock": None,
    }
    if api.billing:
        shape.update(renewal_behavior=schedule.end_behavior, renewal_interval=None)
    else:
        shape["end_behavior"] = schedule.end_behavior
    return shape


def _phase(phase: Phase, api: ApiVersion) -> Json:
    item: Json = {"plan": phase.price, "quantity": phase.quantity, "tax_rates": []}
    if api.price:
        item["price"] = phase.price
    return {
        "coupon": None,
        "end_date": phase.end,
        "items" if api.price else "plans": [item],
        "start_date": phase.start,
        "trial_end": None,
    }
