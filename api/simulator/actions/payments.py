"""Moves of a payment: meant, confirmed, taken, declined, authorised, captured, let go."""

from __future__ import annotations

from typing import Any

from api.simulator.context import StoryContext
from api.simulator.people import CURRENCIES, goods
from api.simulator.world import Charge, Failure, PaymentIntent, Refund, Session

DECLINED = Failure("card_declined", "Your card was declined.", "insufficient_funds")
BOUNCED = Failure("payment_method_bank_debit_failed", "The bank returned the debit.")


def intend(ctx: StoryContext, *, method: str = "card", **more: Any) -> PaymentIntent:
    """Somebody means to pay."""
    values: dict[str, Any] = {
        "amount": ctx.price(),
        "currency": ctx.rng.choice(CURRENCIES),
        "customer": ctx.person(),
        "method": ctx.method(method),
        "description": goods(ctx.rng),
        "metadata": {"order_id": str(ctx.rng.randrange(1_000, 99_999))},
    }
    intent = PaymentIntent(ctx.ids.new("pi"), ctx.now, **{**values, **more})
    ctx.emit(intent, "payment_intent.created")
    return intent


def ask_for_action(ctx: StoryContext, intent: PaymentIntent) -> None:
    """The bank wants to see the customer: 3-D Secure."""
    ctx.change(intent, status="requires_action", error=None)
    ctx.emit(intent, "payment_intent.requires_action")


def attempt(ctx: StoryContext, intent: PaymentIntent, **values: Any) -> Charge:
    """A new charge of the PaymentIntent, which nobody is told of yet."""
    charge = Charge(
        ctx.ids.new("ch" if intent.method.type == "card" else "py"),
        ctx.now,
        intent.amount,
        intent.currency,
        intent.customer,
        intent.method,
        intent.description,
        dict(intent.metadata),
        intent,
        **values,
    )
    ctx.change(intent, charges=(*intent.charges, charge))
    return charge


def pay(ctx: StoryContext, intent: PaymentIntent, *, names_intent: bool = True) -> Charge:
    """The money is taken, in one step."""
    charge = attempt(ctx, intent, amount_captured=intent.amount, names_intent=names_intent)
    charge.balance_transaction = ctx.ids.new("txn")
    ctx.change(intent, status="succeeded", amount_received=intent.amount, error=None)
    ctx.emit(charge, "charge.succeeded")
    ctx.emit(intent, "payment_intent.succeeded")
    return charge


def decline(ctx: StoryContext, intent: PaymentIntent, failure: Failure = DECLINED) -> Charge:
    """An attempt that the bank declines; the PaymentIntent waits for another."""
    charge = attempt(ctx, intent, status="failed", captured=False, failure=failure)
    ctx.change(intent, status="requires_payment_method", error=failure)
    ctx.emit(charge, "charge.failed")
    ctx.emit(intent, "payment_intent.payment_failed")
    return charge


def process(ctx: StoryContext, intent: PaymentIntent) -> Charge:
    """A bank debit is under way: captured in name, but no money yet."""
    charge = attempt(ctx, intent, status="pending", amount_captured=intent.amount)
    ctx.change(intent, status="processing")
    ctx.emit(intent, "payment_intent.processing")
    ctx.emit(charge, "charge.pending")
    return charge


def settle(ctx: StoryContext, intent: PaymentIntent, failure: Failure | None = None) -> None:
    """The bank debit arrives, or bounces."""
    charge = intent.charges[-1]
    if failure is None:
        transaction = ctx.ids.new("txn")
        ctx.change(charge, status="succeeded", balance_transaction=transaction)
        ctx.change(intent, status="succeeded", amount_received=intent.amount)
        ctx.emit(charge, "charge.succeeded")
        ctx.emit(intent, "payment_intent.succeeded")
        return
    ctx.change(charge, status="failed", failure=failure)
    ctx.change(intent, status="requires_payment_method", error=failure)
    ctx.emit(charge, "charge.failed")
    ctx.emit(intent, "payment_intent.payment_failed")


def authorise(ctx: StoryContext, intent: PaymentIntent) -> Charge:
    """The bank promises the money; nothing is captured."""
    charge = attempt(ctx, intent, captured=False)
    ctx.change(intent, status="requires_capture", amount_capturable=intent.amount, error=None)
    ctx.emit(charge, "charge.succeeded")
    ctx.emit(intent, "payment_intent.amount_capturable_updated")
    return charge


def capture(ctx: StoryContext, intent: PaymentIntent, amount: int | None = None) -> None:
    """Takes the promised money, or part of it: the rest is let go, as a refund of its own."""
    charge = intent.charges[-1]
    taken = intent.amount if amount is None else amount
    rest = charge.amount - taken
    released = (_release(ctx, charge, rest),) if rest else ()
    ctx.change(
        charge,
        captured=True,
        amount_captured=taken,
        amount_refunded=rest,
        refunds=released,
        balance_transaction=ctx.ids.new("txn"),
    )
    ctx.change(intent, status="succeeded", amount_received=taken, amount_capturable=0)
    ctx.emit(charge, "charge.captured")
    for refund in released:
        ctx.emit(refund, "refund.created")
    ctx.emit(intent, "payment_intent.succeeded")


def let_go(ctx: StoryContext, intent: PaymentIntent, *, expired: bool = False) -> None:
    """The promise ends without money: voided by the merchant, or because time is up."""
    charge = intent.charges[-1]
    reason = "expired_uncaptured_charge" if expired else "requested_by_customer"
    released = _release(ctx, charge, charge.amount, reason)
    ctx.change(charge, amount_refunded=charge.amount, refunds=(released,))
    cancel_reason = "automatic" if expired else "requested_by_customer"
    ctx.emit(charge, "charge.expired" if expired else "charge.refunded")
    ctx.emit(released, "refund.created")
    cancel(ctx, intent, cancel_reason)


def cancel(ctx: StoryContext, intent: PaymentIntent, reason: str) -> None:
    """Nobody means to pay any more."""
    ctx.change(
        intent,
        status="canceled",
        canceled_at=ctx.now,
        cancellation_reason=reason,
        amount_capturable=0,
    )
    ctx.emit(intent, "payment_intent.canceled")


def open_page(ctx: StoryContext, **more: Any) -> Session:
    """A checkout page is opened; Stripe sends nothing for it."""
    values: dict[str, Any] = {
        "amount": ctx.price(),
        "currency": ctx.rng.choice(CURRENCIES),
        "customer": ctx.person(),
        "client_reference_id": f"basket-{ctx.rng.randrange(10_000)}",
        "metadata": {"basket": ctx.ids.text(8)},
    }
    mode = "cs_live" if ctx.livemode else "cs_test"
    return Session(ctx.ids.new(mode), ctx.now, **{**values, **more})


def complete(ctx: StoryContext, page: Session, payment_status: str = "paid") -> None:
    """The customer is through with the page."""
    ctx.change(page, status="complete", payment_status=payment_status)
    ctx.emit(page, "checkout.session.completed")


def _release(ctx: StoryContext, charge: Charge, amount: int, reason: str | None = None) -> Refund:
    refund = Refund(ctx.ids.new("re"), ctx.now, amount, charge.currency, charge, reason=reason)
    refund.release = True
    return refund
