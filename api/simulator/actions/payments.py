"""Actions of a payment: created, paid, declined, authorized, captured, released, canceled."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import balance
from api.simulator.context import StoryContext
from api.simulator.people import CURRENCIES, goods
from api.simulator.world import Charge, Failure, PaymentIntent, Refund, Session

DECLINED = Failure("card_declined", "Your card was declined.", "insufficient_funds")
DEBIT_FAILED = Failure("payment_method_bank_debit_failed", "The bank returned the debit.")


def create_intent(ctx: StoryContext, *, method: str = "card", **more: Any) -> PaymentIntent:
    """Create a PaymentIntent."""
    values: dict[str, Any] = {
        "amount": ctx.price(),
        "currency": ctx.rng.choice(CURRENCIES),
        "customer": ctx.person(),
        "method": ctx.method(method),
        "description": goods(ctx.rng),
        "metadata": {"order_id": str(ctx.rng.randrange(1_000, 99_999))},
    }
    intent = PaymentIntent(ctx.ids.new("pi"), ctx.time, **{**values, **more})
    ctx.emit(intent, "payment_intent.created")
    return intent


def require_action(ctx: StoryContext, intent: PaymentIntent) -> None:
    """The bank asks the customer to authenticate: 3-D Secure."""
    ctx.change(intent, status="requires_action", error=None)
    ctx.emit(intent, "payment_intent.requires_action")


def add_charge(ctx: StoryContext, intent: PaymentIntent, **values: Any) -> Charge:
    """Create a charge of a PaymentIntent, without an event yet."""
    charge = Charge(
        ctx.ids.new("ch" if intent.method.type == "card" else "py"),
        ctx.time,
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


def pay(ctx: StoryContext, intent: PaymentIntent) -> Charge:
    """Authorize and capture the payment in one step."""
    charge = add_charge(ctx, intent, amount_captured=intent.amount)
    charge.balance_transaction = balance.charged(ctx, charge, intent.amount)
    ctx.change(intent, status="succeeded", amount_received=intent.amount, error=None)
    ctx.emit(charge, "charge.succeeded")
    ctx.emit(intent, "payment_intent.succeeded")
    return charge


def decline(ctx: StoryContext, intent: PaymentIntent, failure: Failure = DECLINED) -> Charge:
    """The bank declines an attempt; the PaymentIntent needs another payment method."""
    charge = add_charge(ctx, intent, status="failed", captured=False, failure=failure)
    ctx.change(intent, status="requires_payment_method", error=failure)
    ctx.emit(charge, "charge.failed")
    ctx.emit(intent, "payment_intent.payment_failed")
    return charge


def start_debit(ctx: StoryContext, intent: PaymentIntent) -> Charge:
    """Start a bank debit: its charge says `captured`, but brings in no money yet."""
    charge = add_charge(ctx, intent, status="pending", amount_captured=intent.amount)
    ctx.change(intent, status="processing")
    ctx.emit(intent, "payment_intent.processing")
    ctx.emit(charge, "charge.pending")
    return charge


def settle_debit(ctx: StoryContext, intent: PaymentIntent, failure: Failure | None = None) -> None:
    """A bank debit succeeds, or fails where a failure is passed."""
    charge = intent.charges[-1]
    if failure is None:
        transaction = balance.charged(ctx, charge, intent.amount)
        ctx.change(charge, status="succeeded", balance_transaction=transaction)
        ctx.change(intent, status="succeeded", amount_received=intent.amount)
        ctx.emit(charge, "charge.succeeded")
        ctx.emit(intent, "payment_intent.succeeded")
        return
    ctx.change(charge, status="failed", failure=failure)
    ctx.change(intent, status="requires_payment_method", error=failure)
    ctx.emit(charge, "charge.failed")
    ctx.emit(intent, "payment_intent.payment_failed")


def authorize(ctx: StoryContext, intent: PaymentIntent) -> Charge:
    """Authorize the payment without capturing anything."""
    charge = add_charge(ctx, intent, captured=False)
    ctx.change(intent, status="requires_capture", amount_capturable=intent.amount, error=None)
    ctx.emit(charge, "charge.succeeded")
    ctx.emit(intent, "payment_intent.amount_capturable_updated")
    return charge


def capture(ctx: StoryContext, intent: PaymentIntent, amount: int | None = None) -> None:
    """Capture an authorized payment: all, a part, or more than was authorized.

    The rest is released, which was a refund once; more than once, `capture_part` comes before.
    """
    charge = intent.charges[-1]
    captured = intent.amount if amount is None else charge.amount_captured + amount
    rest = max(0, charge.amount - captured)
    releases = (_release(ctx, charge, rest),) if rest else ()
    ctx.change(
        charge,
        captured=True,
        amount_captured=captured,
        balance_transaction=balance.charged(ctx, charge, captured - charge.amount_captured),
        **_released(ctx, releases),
    )
    ctx.change(intent, status="succeeded", amount_received=captured, amount_capturable=0)
    ctx.emit(charge, "charge.captured")
    for refund in releases:
        ctx.emit(refund, "refund.created", is_sent=ctx.releases_are_refunds)
    ctx.emit(intent, "payment_intent.succeeded")


def capture_part(ctx: StoryContext, intent: PaymentIntent, amount: int) -> None:
    """Capture a part of an authorized payment, which stays authorized for further captures."""
    charge = intent.charges[-1]
    captured = charge.amount_captured + amount
    transaction = balance.charged(ctx, charge, amount)
    ctx.change(charge, amount_captured=captured, balance_transaction=transaction)
    ctx.change(intent, amount_received=captured, amount_capturable=charge.amount - captured)
    ctx.emit(charge, "charge.updated")
    ctx.emit(intent, "payment_intent.amount_capturable_updated")


def release_authorization(
    ctx: StoryContext, intent: PaymentIntent, *, is_expired: bool = False
) -> None:
    """Release an authorization: the merchant cancels it, or it expires."""
    charge = intent.charges[-1]
    reason = "expired_uncaptured_charge" if is_expired else "requested_by_customer"
    release = _release(ctx, charge, charge.amount, reason)
    ctx.change(charge, **_released(ctx, (release,)))
    cancel_reason = "expired" if is_expired else "requested_by_customer"
    if is_expired:
        ctx.emit(charge, "charge.expired")
    ctx.emit(charge, "charge.refunded", is_sent=ctx.releases_are_refunds)
    ctx.emit(release, "refund.created", is_sent=ctx.releases_are_refunds)
    cancel(ctx, intent, cancel_reason)


def cancel(ctx: StoryContext, intent: PaymentIntent, reason: str) -> None:
    """Cancel a PaymentIntent."""
    ctx.change(
        intent,
        status="canceled",
        canceled_at=ctx.time,
        cancellation_reason=reason,
        amount_capturable=0,
    )
    ctx.emit(intent, "payment_intent.canceled")


def open_session(ctx: StoryContext, **more: Any) -> Session:
    """Open a Checkout Session; Stripe sends no event for it."""
    values: dict[str, Any] = {
        "amount": ctx.price(),
        "currency": ctx.rng.choice(CURRENCIES),
        "customer": ctx.person(),
        "client_reference_id": f"basket-{ctx.rng.randrange(10_000)}",
        "metadata": {"basket": ctx.ids.text(8)},
    }
    prefix = "cs_live" if ctx.livemode else "cs_test"
    return Session(ctx.ids.new(prefix), ctx.time, **{**values, **more})


def complete_session(ctx: StoryContext, session: Session, payment_status: str = "paid") -> None:
    """The customer completes a Checkout Session."""
    ctx.change(session, status="complete", payment_status=payment_status)
    ctx.emit(session, "checkout.session.completed")


def update_metadata(ctx: StoryContext, charge: Charge, **metadata: str) -> None:
    """The merchant changes the metadata of a charge."""
    ctx.change(charge, metadata={**charge.metadata, **metadata})
    ctx.emit(charge, "charge.updated")


def _released(ctx: StoryContext, releases: tuple[Refund, ...]) -> dict[str, Any]:
    """Return what a charge shows of releases: nothing since they are no refunds any more."""
    if not ctx.releases_are_refunds:
        return {}
    return {"amount_refunded": sum(each.amount for each in releases), "refunds": releases}


def _release(ctx: StoryContext, charge: Charge, amount: int, reason: str | None = None) -> Refund:
    refund = Refund(ctx.ids.new("re"), ctx.time, amount, charge.currency, charge, reason=reason)
    refund.is_release = True
    return refund
