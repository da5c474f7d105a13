"""Orders that begin with a Checkout Session."""

from __future__ import annotations

from api.simulator.actions import billing, payments
from api.simulator.context import StoryContext
from api.simulator.world import PaymentIntent, Presentment, Session


def checkout_paid(ctx: StoryContext) -> None:
    """The usual order: paid by card, and the session completes a second later."""
    session = payments.open_session(ctx)
    ctx.wait(minutes=4)
    intent = _create_intent(ctx, session)
    payments.pay(ctx, intent)
    ctx.wait(1)
    session.intent = intent
    payments.complete_session(ctx, session)


def session_before_its_intent(ctx: StoryContext) -> None:
    """The session's event comes first and names a PaymentIntent that has no event yet."""
    session = payments.open_session(ctx)
    ctx.wait(minutes=3)
    session.intent = _create_intent(ctx, session, is_emitted=False)
    payments.complete_session(ctx, session)
    ctx.wait(1)
    ctx.emit(session.intent, "payment_intent.created")
    ctx.wait(1)
    payments.pay(ctx, session.intent)


def session_named_by_its_intent(ctx: StoryContext) -> None:
    """The session names no PaymentIntent; since 2025-10-29 the PaymentIntent names the session."""
    session = payments.open_session(ctx)
    ctx.wait(minutes=2)
    payments.complete_session(ctx, session, "unpaid")
    ctx.wait(1)
    intent = _create_intent(ctx, session)
    ctx.wait(1)
    payments.pay(ctx, intent)


def async_payment_succeeds(ctx: StoryContext) -> None:
    """The session completes unpaid; the bank debit succeeds days later."""
    session = _completed_unpaid_session(ctx)
    ctx.wait(days=3)
    assert session.intent is not None
    payments.settle_debit(ctx, session.intent)
    ctx.change(session, payment_status="paid")
    ctx.emit(session, "checkout.session.async_payment_succeeded")


def async_payment_fails(ctx: StoryContext) -> None:
    """The bank debit fails: the session's last snapshot is the one it completed with."""
    session = _completed_unpaid_session(ctx)
    ctx.wait(days=3)
    assert session.intent is not None
    payments.settle_debit(ctx, session.intent, payments.DEBIT_FAILED)
    ctx.emit(session, "checkout.session.async_payment_failed")


def oxxo_voucher(ctx: StoryContext) -> None:
    """The buyer gets a voucher, and pays it at a shop a day later, by a charge nobody knew."""
    session = payments.open_session(ctx, method_types=("oxxo",), currency="mxn", amount=50_000)
    ctx.wait(minutes=2)
    session.intent = intent = _create_intent(ctx, session)
    ctx.wait(5)
    payments.require_action(ctx, intent)
    payments.complete_session(ctx, session, "unpaid")
    ctx.wait(days=1)
    payments.pay(ctx, intent)
    ctx.wait(1)
    ctx.change(session, payment_status="paid")
    ctx.emit(session, "checkout.session.async_payment_succeeded")


def checkout_by_payment_link(ctx: StoryContext) -> None:
    """A payment link's checkout with a discount, shipping and taxes, shown in another currency."""
    session = payments.open_session(
        ctx,
        amount=6_350,
        currency="usd",
        amount_discount=1_000,
        amount_shipping=900,
        amount_tax=450,
        payment_link=ctx.ids.new("plink"),
    )
    ctx.wait(minutes=4)
    session.intent = _create_intent(ctx, session)
    session.intent.presentment = Presentment(5_870, "eur")
    session.intent.payment_record = ctx.ids.new("pr")
    payments.pay(ctx, session.intent)
    payments.complete_session(ctx, session)


def expired_session(ctx: StoryContext) -> None:
    """The session expires, as nobody completes it within a day."""
    session = payments.open_session(ctx, customer=None)
    ctx.wait(days=1)
    ctx.change(session, status="expired")
    ctx.emit(session, "checkout.session.expired")


def nothing_to_pay(ctx: StoryContext) -> None:
    """A coupon covers everything: the session completes without a payment."""
    session = payments.open_session(ctx, amount=0)
    ctx.wait(minutes=1)
    payments.complete_session(ctx, session, "no_payment_required")


def checkout_of_a_subscription(ctx: StoryContext) -> None:
    """A session that sells a subscription is no order; the subscription's payment is one."""
    session = payments.open_session(ctx, mode="subscription")
    ctx.wait(minutes=2)
    subscription = billing.create_subscription(ctx, customer=session.customer, status="incomplete")
    invoice = billing.invoice_subscription(ctx, subscription, billing_reason="subscription_create")
    billing.finalize_invoice(ctx, invoice)
    billing.pay_invoice(ctx, invoice)
    billing.update_subscription(ctx, subscription, status="active", latest_invoice=invoice.id)
    session.subscription = subscription.id
    session.invoice = invoice.id
    payments.complete_session(ctx, session)


def _create_intent(
    ctx: StoryContext, session: Session, *, is_emitted: bool = True
) -> PaymentIntent:
    method = session.method_types[0]
    intent = PaymentIntent(
        ctx.ids.new("pi"),
        ctx.time,
        session.amount,
        session.currency,
        session.customer,
        ctx.method(method),
        "Order from the web shop",
        {"channel": "web"},
        session=session.id,
    )
    if is_emitted:
        ctx.emit(intent, "payment_intent.created")
    return intent


def _completed_unpaid_session(ctx: StoryContext) -> Session:
    session = payments.open_session(ctx, method_types=("us_bank_account",), currency="usd")
    ctx.wait(minutes=6)
    session.intent = _create_intent(ctx, session)
    payments.start_debit(ctx, session.intent)
    ctx.wait(1)
    payments.complete_session(ctx, session, "unpaid")
    return session
