"""Changes of subscriptions that are to come: scheduled, released, canceled."""

from __future__ import annotations

from api.simulator.actions import billing, schedules
from api.simulator.context import StoryContext


def scheduled_downgrade_released(ctx: StoryContext) -> None:
    """A cheaper price is scheduled for the period's end, and the schedule is released."""
    subscription = billing.create_subscription(ctx, customer=ctx.account_holder())
    ctx.wait(days=3)
    schedule = schedules.schedule_change(ctx, subscription, ctx.ids.new("price"))
    ctx.wait(days=5)
    schedules.release(ctx, schedule, subscription)


def schedule_canceled(ctx: StoryContext) -> None:
    """A schedule is canceled, and its subscription with it."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=3)
    schedule = schedules.schedule_change(ctx, subscription, ctx.ids.new("price"))
    ctx.wait(days=1)
    ctx.change(schedule, status="canceled", canceled_at=ctx.time, current_phase=None)
    ctx.emit(schedule, "subscription_schedule.canceled")
    billing.cancel_subscription(ctx, subscription, "cancellation_requested")
