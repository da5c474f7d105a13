"""Subscriptions: trials, missed payments, pauses, cancellations and second thoughts."""

from __future__ import annotations

from api.simulator.actions import billing
from api.simulator.actions.billing import MONTH
from api.simulator.context import StoryContext
from api.simulator.world import Invoice, Subscription


def trial_that_converts_and_lapses(ctx: StoryContext) -> None:
    """A trial, a paid month, two missed payments, the end."""
    subscription = billing.subscribe(ctx, trial_days=14)
    free = billing.bill(ctx, subscription, amount=0, billing_reason="subscription_create")
    billing.settle_nothing(ctx, free)
    billing.amend(ctx, subscription, latest_invoice=free.id)
    ctx.wait(days=11)
    ctx.emit(subscription, "customer.subscription.trial_will_end")
    ctx.wait(days=3)
    _pay_month(ctx, subscription)
    ctx.wait(days=30)
    unpaid = _renew(ctx, subscription)
    ctx.wait(hours=1)
    billing.finalize(ctx, unpaid)
    billing.miss(ctx, unpaid)
    billing.amend(ctx, subscription, status="past_due")
    ctx.wait(days=3)
    billing.miss(ctx, unpaid, retry_days=None)
    billing.end(ctx, subscription, "payment_failed")


def first_payment_in_one_second(ctx: StoryContext) -> None:
    """Created incomplete and active within the second, with a bill made and paid in it."""
    subscription = billing.subscribe(ctx, status="incomplete")
    invoice = billing.bill(ctx, subscription, billing_reason="subscription_create")
    billing.finalize(ctx, invoice)
    billing.settle(ctx, invoice)
    billing.amend(ctx, subscription, status="active", latest_invoice=invoice.id)


def first_payment_never_made(ctx: StoryContext) -> None:
    """Incomplete for 23 hours, then for ever."""
    subscription = billing.subscribe(ctx, status="incomplete")
    ctx.wait(hours=23)
    billing.amend(ctx, subscription, status="incomplete_expired", ended_at=ctx.now)


def undone_cancellation(ctx: StoryContext) -> None:
    """To end with the period; then not."""
    subscription = billing.subscribe(ctx)
    ctx.wait(days=4)
    billing.amend(
        ctx,
        subscription,
        cancel_at_period_end=True,
        cancel_at=subscription.current_period_end,
        canceled_at=ctx.now,
        cancellation_reason="cancellation_requested",
    )
    ctx.wait(days=1)
    billing.amend(
        ctx,
        subscription,
        cancel_at_period_end=False,
        cancel_at=None,
        canceled_at=None,
        cancellation_reason=None,
    )


def canceled_at_period_end(ctx: StoryContext) -> None:
    """To end with the period, and it does."""
    subscription = billing.subscribe(ctx)
    ctx.wait(days=4)
    until = subscription.current_period_end
    billing.amend(
        ctx, subscription, cancel_at_period_end=True, cancel_at=until, canceled_at=ctx.now
    )
    ctx.wait(days=26)
    billing.end(ctx, subscription, "cancellation_requested")


def paused_subscription(ctx: StoryContext) -> None:
    """A trial ends without a way to pay: paused, and resumed when there is one."""
    subscription = billing.subscribe(ctx, trial_days=7)
    ctx.wait(days=7)
    billing.amend(ctx, subscription, status="paused")
    ctx.emit(subscription, "customer.subscription.paused")
    ctx.wait(days=2)
    method = ctx.method().id
    billing.amend(ctx, subscription, status="active", default_payment_method=method)
    ctx.emit(subscription, "customer.subscription.resumed")


def paused_collection(ctx: StoryContext) -> None:
    """Bills are not collected for a while; the status does not change."""
    subscription = billing.subscribe(ctx)
    ctx.wait(days=2)
    billing.amend(ctx, subscription, pause_collection="keep_as_draft")
    ctx.wait(days=10)
    billing.amend(ctx, subscription, pause_collection=None)


def past_due_for_less_than_a_second(ctx: StoryContext) -> None:
    """Active, past due and active again in one second: only the before-images tell the order."""
    subscription = billing.subscribe(ctx)
    ctx.wait(days=30)
    billing.amend(ctx, subscription, status="past_due")
    billing.amend(ctx, subscription, status="active")


def three_changes_in_one_second(ctx: StoryContext) -> None:
    """As above, and a third change that has nothing to do with it."""
    subscription = billing.subscribe(ctx)
    ctx.wait(days=30)
    billing.amend(ctx, subscription, status="past_due")
    billing.amend(ctx, subscription, status="active")
    billing.amend(ctx, subscription, default_payment_method=ctx.method().id)


def _pay_month(ctx: StoryContext, subscription: Subscription) -> None:
    invoice = _renew(ctx, subscription)
    ctx.wait(hours=1)
    billing.finalize(ctx, invoice)
    billing.settle(ctx, invoice)


def _renew(ctx: StoryContext, subscription: Subscription) -> Invoice:
    """A new period begins with a draft of its bill."""
    start = subscription.current_period_end
    invoice = billing.bill(ctx, subscription, period_start=start, period_end=start + MONTH)
    billing.amend(
        ctx,
        subscription,
        status="active",
        current_period_start=start,
        current_period_end=start + MONTH,
        latest_invoice=invoice.id,
    )
    return invoice
