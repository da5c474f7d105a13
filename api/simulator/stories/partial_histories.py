"""Histories of endpoints that receive only some event types."""

from __future__ import annotations

from api.simulator.actions import balance, disputes, payments, refunds
from api.simulator.context import StoryContext
from api.simulator.people import goods
from api.simulator.world import Charge, PaymentIntent, Refund


def async_payment_fails_unseen(ctx: StoryContext) -> None:
    """Only Checkout Session events: that the bank debit failed is in an event's type alone."""
    session = payments.open_session(ctx, method_types=("us_bank_account",), currency="usd")
    ctx.wait(minutes=1)
    payments.complete_session(ctx, session, "unpaid")
    ctx.wait(days=3)
    ctx.emit(session, "checkout.session.async_payment_failed")


def charge_of_an_unheard_intent(ctx: StoryContext) -> None:
    """Only charge events: the order has the PaymentIntent's id all the same."""
    charge = _charge_without_events(ctx)
    ctx.emit(charge, "charge.succeeded")
    ctx.wait(days=1)
    ctx.change(charge, description="Order, corrected")
    ctx.emit(charge, "charge.updated")


def refund_of_an_unheard_charge(ctx: StoryContext) -> None:
    """Only refund events: a refund makes no order, and may not name the one it belongs to."""
    charge = _charge_without_events(ctx)
    ctx.wait(days=1)
    currency, amount = charge.currency, charge.amount // 2
    refund = Refund(ctx.ids.new("re"), ctx.time, amount, currency, charge, status="pending")
    charge.refunds = (refund,)
    ctx.emit(refund, "refund.created")
    ctx.wait(hours=3)
    refunds.succeed(ctx, refund)


def dispute_of_an_unheard_charge(ctx: StoryContext) -> None:
    """Only dispute events: a dispute makes no order either."""
    dispute = disputes.create(ctx, _charge_without_events(ctx))
    ctx.wait(days=4)
    disputes.close(ctx, dispute, "won")


def _charge_without_events(ctx: StoryContext) -> Charge:
    """Return a charge that has no event, of a PaymentIntent that has none."""
    intent = PaymentIntent(
        ctx.ids.new("pi"),
        ctx.time,
        ctx.price(),
        "eur",
        ctx.person(),
        ctx.method(),
        goods(ctx.rng),
        status="succeeded",
    )
    charge = payments.add_charge(ctx, intent, amount_captured=intent.amount)
    charge.balance_transaction = balance.charged(ctx, charge, charge.amount)
    return charge
