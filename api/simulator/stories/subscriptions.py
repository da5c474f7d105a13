"""Subscriptions: trials, failed payments, pauses, cancellations and their undoing."""

from __future__ import annotations

from dataclasses import replace

from api.simulator.actions import billing
from api.simulator.actions.billing import MONTH
from api.simulator.context import StoryContext
from api.simulator.world import Invoice, Item, Subscription


def trial_that_converts_and_lapses(ctx: StoryContext) -> None:
    """A trial, a paid month, two failed payments, and the cancellation."""
    subscription = billing.create_subscription(ctx, trial_days=14)
    free = billing.invoice_subscription(
        ctx, subscription, amount=0, billing_reason="subscription_create"
    )
    billing.pay_zero_invoice(ctx, free)
    billing.update_subscription(ctx, subscription, latest_invoice=free.id)
    ctx.wait(days=11)
    ctx.emit(subscription, "customer.subscription.trial_will_end")
    ctx.wait(days=3)
    _pay_month(ctx, subscription)
    ctx.wait(days=30)
    unpaid = _renew(ctx, subscription)
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, unpaid)
    billing.fail_payment(ctx, unpaid)
    billing.update_subscription(ctx, subscription, status="past_due")
    ctx.wait(days=3)
    billing.fail_payment(ctx, unpaid, retry_days=None)
    billing.cancel_subscription(ctx, subscription, "payment_failed")


def first_payment_in_one_second(ctx: StoryContext) -> None:
    """Created incomplete, and active within the same second, as its invoice is paid in it."""
    subscription = billing.create_subscription(ctx, status="incomplete")
    invoice = billing.invoice_subscription(ctx, subscription, billing_reason="subscription_create")
    billing.finalize_invoice(ctx, invoice)
    billing.pay_invoice(ctx, invoice)
    billing.update_subscription(ctx, subscription, status="active", latest_invoice=invoice.id)


def first_payment_never_made(ctx: StoryContext) -> None:
    """Incomplete for 23 hours, then expired."""
    subscription = billing.create_subscription(ctx, status="incomplete")
    ctx.wait(hours=23)
    billing.update_subscription(ctx, subscription, status="incomplete_expired", ended_at=ctx.time)


def undone_cancellation(ctx: StoryContext) -> None:
    """Set to cancel at the period's end, then set back."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=4)
    billing.update_subscription(
        ctx,
        subscription,
        cancel_at_period_end=True,
        cancel_at=subscription.current_period_end,
        canceled_at=ctx.time,
        cancellation_reason="cancellation_requested",
    )
    ctx.wait(days=1)
    billing.update_subscription(
        ctx,
        subscription,
        cancel_at_period_end=False,
        cancel_at=None,
        canceled_at=None,
        cancellation_reason=None,
    )


def canceled_at_period_end(ctx: StoryContext) -> None:
    """Set to cancel at the period's end, and canceled then."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=4)
    cancel_at = subscription.current_period_end
    billing.update_subscription(
        ctx, subscription, cancel_at_period_end=True, cancel_at=cancel_at, canceled_at=ctx.time
    )
    ctx.wait(days=26)
    billing.cancel_subscription(ctx, subscription, "cancellation_requested")


def paused_subscription(ctx: StoryContext) -> None:
    """A trial ends without a payment method: paused, and resumed when there is one."""
    subscription = billing.create_subscription(ctx, trial_days=7)
    ctx.wait(days=7)
    reason = "trial_end_without_payment_method"
    billing.update_subscription(
        ctx, subscription, status="paused", paused_reason=reason, paused_at=ctx.time
    )
    ctx.emit(subscription, "customer.subscription.paused")
    ctx.wait(days=2)
    method = ctx.method().id
    billing.update_subscription(
        ctx, subscription, status="active", default_payment_method=method, paused_reason=None
    )
    ctx.emit(subscription, "customer.subscription.resumed")


def paused_collection(ctx: StoryContext) -> None:
    """Invoices are not collected for a while; the status does not change."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=2)
    billing.update_subscription(ctx, subscription, pause_collection="keep_as_draft")
    ctx.wait(days=10)
    billing.update_subscription(ctx, subscription, pause_collection=None)


def collection_paused_until(ctx: StoryContext) -> None:
    """Collection is paused until a date, and a change of the subscription is pending."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=2)
    billing.update_subscription(
        ctx,
        subscription,
        pause_collection="void",
        resumes_at=ctx.time + 20 * 86_400,
        is_update_pending=True,
    )
    ctx.wait(hours=23)
    ctx.change(subscription, is_update_pending=False)
    ctx.emit(subscription, "customer.subscription.pending_update_expired")


def seats_changed_in_one_second(ctx: StoryContext) -> None:
    """Two changes of one second to the seats of a subscription of two items, deep in a list."""
    subscription = billing.create_subscription(ctx, items=_two_items(ctx))
    ctx.wait(days=3)
    for seats in (2, 3):
        team, base = subscription.items
        items = (replace(team, quantity=seats), base)
        billing.update_subscription(ctx, subscription, items=items)


def metered_subscription(ctx: StoryContext) -> None:
    """A base fee, and usage at 0.3 cents, which has no quantity and no whole amount."""
    base, usage = _two_items(ctx)
    metered = replace(
        usage,
        quantity=None,
        unit_amount=None,
        unit_amount_decimal="0.3",
        usage_type="metered",
        meter=ctx.ids.new("mtr"),
        nickname="API calls",
        lookup_key=f"api_calls_{ctx.rng.randrange(100)}",
    )
    subscription = billing.create_subscription(ctx, items=(base, metered))
    ctx.wait(days=30)
    invoice = billing.invoice_subscription(ctx, subscription, is_cut_off=True)
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, invoice)
    billing.pay_invoice(ctx, invoice)
    billing.update_subscription(ctx, subscription, latest_invoice=invoice.id)


def mixed_intervals(ctx: StoryContext) -> None:
    """A monthly and a yearly item: the subscription's period is that of the monthly one."""
    monthly, yearly = _two_items(ctx)
    start, end = ctx.time, ctx.time + MONTH
    yearly = replace(yearly, interval="year", period=(start, start + 365 * 86_400))
    subscription = billing.create_subscription(ctx, items=(yearly, monthly))
    ctx.wait(days=30)
    billing.update_subscription(
        ctx,
        subscription,
        current_period_start=end,
        current_period_end=end + MONTH,
        application_fee_percent=2.5,
        on_behalf_of=ctx.ids.new("acct"),
        is_cut_off=True,
    )
    ctx.wait(days=5)
    billing.update_subscription(
        ctx,
        subscription,
        cancel_at_period_end=True,
        canceled_at=ctx.time,
        cancellation_reason="cancellation_requested",
        cancellation_feedback="too_expensive",
    )


def past_due_for_less_than_a_second(ctx: StoryContext) -> None:
    """Past due and active again in one second: only `previous_attributes` show the order."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=30)
    billing.update_subscription(ctx, subscription, status="past_due")
    billing.update_subscription(ctx, subscription, status="active")


def three_changes_in_one_second(ctx: StoryContext) -> None:
    """As above, with a third change of another field in the same second."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=30)
    billing.update_subscription(ctx, subscription, status="past_due")
    billing.update_subscription(ctx, subscription, status="active")
    billing.update_subscription(ctx, subscription, default_payment_method=ctx.method().id)


def _two_items(ctx: StoryContext) -> tuple[Item, Item]:
    def item() -> Item:
        ids = ctx.ids
        return Item(ids.new("si"), ids.new("price"), ids.new("prod"), 1, ctx.price())

    return item(), item()


def _pay_month(ctx: StoryContext, subscription: Subscription) -> None:
    invoice = _renew(ctx, subscription)
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, invoice)
    billing.pay_invoice(ctx, invoice)


def _renew(ctx: StoryContext, subscription: Subscription) -> Invoice:
    """Begin a new period, with a draft invoice for it."""
    start = subscription.current_period_end
    invoice = billing.invoice_subscription(
        ctx, subscription, period_start=start, period_end=start + MONTH
    )
    billing.update_subscription(
        ctx,
        subscription,
        status="active",
        current_period_start=start,
        current_period_end=start + MONTH,
        latest_invoice=invoice.id,
    )
    return invoice
