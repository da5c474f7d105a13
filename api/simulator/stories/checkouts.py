"""Orders that begin on a checkout page."""

from __future__ import annotations

from api.simulator.actions import billing, payments
from api.simulator.context import StoryContext
from api.simulator.world import PaymentIntent, Session


def checkout_paid(ctx: StoryContext) -> None:
    """The usual way: paid on the page, which tells so a second later."""
    page = payments.open_page(ctx)
    ctx.wait(minutes=4)
    intent = _intend(ctx, page)
    payments.pay(ctx, intent)
    ctx.wait(1)
    page.intent = intent
    payments.complete(ctx, page)


def session_before_its_intent(ctx: StoryContext) -> None:
    """The page speaks first, and names a PaymentIntent that nobody heard of."""
    page = payments.open_page(ctx)
    ctx.wait(minutes=3)
    page.intent = _intend(ctx, page, told=False)
    payments.complete(ctx, page)
    ctx.wait(1)
    ctx.emit(page.intent, "payment_intent.created")
    ctx.wait(1)
    payments.pay(ctx, page.intent)


def session_named_by_its_intent(ctx: StoryContext) -> None:
    """The page does not say what paid it; since 2025-10-29 the PaymentIntent names the page."""
    page = payments.open_page(ctx)
    ctx.wait(minutes=2)
    payments.complete(ctx, page, "unpaid")
    ctx.wait(1)
    intent = _intend(ctx, page)
    ctx.wait(1)
    payments.pay(ctx, intent)


def async_payment_succeeds(ctx: StoryContext) -> None:
    """The page completes unpaid; the debit arrives days later."""
    page = _completed_unpaid(ctx)
    ctx.wait(days=3)
    assert page.intent is not None
    payments.settle(ctx, page.intent)
    ctx.change(page, payment_status="paid")
    ctx.emit(page, "checkout.session.async_payment_succeeded")


def async_payment_fails(ctx: StoryContext) -> None:
    """The debit bounces: the page's last snapshot is the one it completed with."""
    page = _completed_unpaid(ctx)
    ctx.wait(days=3)
    assert page.intent is not None
    payments.settle(ctx, page.intent, payments.BOUNCED)
    ctx.emit(page, "checkout.session.async_payment_failed")


def expired_session(ctx: StoryContext) -> None:
    """Nobody completed the page within a day."""
    page = payments.open_page(ctx, customer=None)
    ctx.wait(days=1)
    ctx.change(page, status="expired")
    ctx.emit(page, "checkout.session.expired")


def nothing_to_pay(ctx: StoryContext) -> None:
    """A coupon covers everything: complete without any payment."""
    page = payments.open_page(ctx, amount=0)
    ctx.wait(minutes=1)
    payments.complete(ctx, page, "no_payment_required")


def checkout_of_a_subscription(ctx: StoryContext) -> None:
    """A page that sells a subscription makes no order; the subscription's payment does."""
    page = payments.open_page(ctx, mode="subscription")
    ctx.wait(minutes=2)
    subscription = billing.subscribe(ctx, customer=page.customer, status="incomplete")
    invoice = billing.bill(ctx, subscription, billing_reason="subscription_create")
    billing.finalize(ctx, invoice)
    billing.settle(ctx, invoice)
    billing.amend(ctx, subscription, status="active", latest_invoice=invoice.id)
    page.subscription = subscription.id
    page.invoice = invoice.id
    payments.complete(ctx, page)


def _intend(ctx: StoryContext, page: Session, *, told: bool = True) -> PaymentIntent:
    method = page.method_types[0]
    intent = PaymentIntent(
        ctx.ids.new("pi"),
        ctx.now,
        page.amount,
        page.currency,
        page.customer,
        ctx.method(method),
        "Order from the web shop",
        {"channel": "web"},
        session=page.id,
    )
    if told:
        ctx.emit(intent, "payment_intent.created")
    return intent


def _completed_unpaid(ctx: StoryContext) -> Session:
    page = payments.open_page(ctx, method_types=("us_bank_account",), currency="usd")
    ctx.wait(minutes=6)
    page.intent = _intend(ctx, page)
    payments.process(ctx, page.intent)
    ctx.wait(1)
    payments.complete(ctx, page, "unpaid")
    return page
