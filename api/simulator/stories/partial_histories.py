"""What an endpoint sees that hears only some of the news."""

from __future__ import annotations

from api.simulator.actions import payments, returns
from api.simulator.context import StoryContext
from api.simulator.people import goods
from api.simulator.world import Charge, PaymentIntent, Refund


def async_payment_fails_unseen(ctx: StoryContext) -> None:
    """Only pages are heard of: that the debit bounced is in an event's type alone."""
    page = payments.open_page(ctx, method_types=("us_bank_account",), currency="usd")
    ctx.wait(minutes=1)
    payments.complete(ctx, page, "unpaid")
    ctx.wait(days=3)
    ctx.emit(page, "checkout.session.async_payment_failed")


def charge_of_an_unheard_intent(ctx: StoryContext) -> None:
    """Only charges are heard of: the order bears the PaymentIntent's id all the same."""
    charge = _unheard(ctx)
    ctx.emit(charge, "charge.succeeded")
    ctx.wait(days=1)
    ctx.change(charge, description="Order, corrected")
    ctx.emit(charge, "charge.updated")


def refund_of_an_unheard_charge(ctx: StoryContext) -> None:
    """Only refunds are heard of: a refund makes no order, and may not know its own."""
    charge = _unheard(ctx)
    ctx.wait(days=1)
    currency, amount = charge.currency, charge.amount // 2
    refund = Refund(ctx.ids.new("re"), ctx.now, amount, currency, charge, status="pending")
    charge.refunds = (refund,)
    ctx.emit(refund, "refund.created")
    ctx.wait(hours=3)
    returns.arrive(ctx, refund)


def dispute_of_an_unheard_charge(ctx: StoryContext) -> None:
    """Only disputes are heard of, and as little is known of what they are about."""
    disputed = returns.dispute(ctx, _unheard(ctx))
    ctx.wait(days=4)
    returns.decide(ctx, disputed, "won")


def _unheard(ctx: StoryContext) -> Charge:
    """A charge of a PaymentIntent that no event of the story tells of."""
    intent = PaymentIntent(
        ctx.ids.new("pi"),
        ctx.now,
        ctx.price(),
        "eur",
        ctx.person(),
        ctx.method(),
        goods(ctx.rng),
        status="succeeded",
    )
    charge = payments.attempt(ctx, intent, amount_captured=intent.amount)
    charge.balance_transaction = ctx.ids.new("txn")
    return charge
