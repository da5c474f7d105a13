"""Subscriptions: trials, failed payments, pauses, cancellations and their undoing."""

from __future__ import annotations

from api.simulator.actions import billing
from api.simulator.actions.billing import MONTH
from api.simulator.context import StoryContext
from api.simulator.world import Invoice, Subscription


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
    billing.update_subscription(ctx, subscription, status="paused")
    ctx.emit(subscription, "customer.subscription.paused")
    ctx.wait(days=2)
    method = ctx.method().id
    billing.update_subscription(ctx, subscription, status="active", default_payment_method=method)
    ctx.emit(subscription, "customer.subscription.resumed")


def paused_collection(ctx: StoryContext) -> None:
    """Invoices are not collected for a while; the status does not change."""
    subscription = billing.create_subscription(ctx)
    ctx.wait(days=2)
    billing.update_subscription(ctx, subscription, pause_collection="keep_as_draft")
    ctx.wait(days=10)
    billing.update_subscription(ctx, subscription, pause_collection=None)


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
