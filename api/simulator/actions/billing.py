"""Moves of billing: agreements begin and change, bills are made, paid, missed, given up."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import payments
from api.simulator.context import StoryContext
from api.simulator.people import CURRENCIES
from api.simulator.world import Invoice, InvoicePayment, Item, PaymentIntent, Subscription

MONTH = 30 * 86_400


def subscribe(ctx: StoryContext, *, trial_days: int = 0, **more: Any) -> Subscription:
    """Somebody begins to subscribe; one in three takes two things."""
    price = ctx.price()
    lines = 2 if ctx.rng.random() < 0.34 else 1
    ids = [(ctx.ids.new("si"), ctx.ids.new("price"), ctx.ids.new("prod")) for _ in range(lines)]
    quantity = ctx.rng.randint(1, 3)
    trial_end = ctx.now + trial_days * 86_400 if trial_days else None
    values: dict[str, Any] = {
        "currency": ctx.rng.choice(CURRENCIES),
        "customer": ctx.person(),
        "items": tuple(Item(*line, quantity=quantity, unit_amount=price) for line in ids),
        "current_period_start": ctx.now,
        "current_period_end": trial_end or ctx.now + MONTH,
        "status": "trialing" if trial_days else "active",
        "trial_start": ctx.now if trial_days else None,
        "trial_end": trial_end,
        "metadata": {"plan": "team"},
    }
    subscription = Subscription(ctx.ids.new("sub"), ctx.now, **{**values, **more})
    ctx.emit(subscription, "customer.subscription.created")
    return subscription


def amend(ctx: StoryContext, subscription: Subscription, **values: Any) -> None:
    """The subscription changes in some of its fields."""
    ctx.change(subscription, **values)
    ctx.emit(subscription, "customer.subscription.updated")


def end(ctx: StoryContext, subscription: Subscription, reason: str) -> None:
    """The subscription is over."""
    ctx.change(
        subscription,
        status="canceled",
        canceled_at=subscription.canceled_at or ctx.now,
        ended_at=ctx.now,
        cancellation_reason=reason,
    )
    ctx.emit(subscription, "customer.subscription.deleted")


def bill(ctx: StoryContext, subscription: Subscription, **more: Any) -> Invoice:
    """A draft of a bill for the current period."""
    sub = subscription
    values: dict[str, Any] = {
        "amount": sum(item.unit_amount * item.quantity for item in sub.items),
        "currency": sub.currency,
        "customer": sub.customer,
        "subscription": sub.id,
        "period_start": sub.current_period_start,
        "period_end": sub.current_period_end,
        "description": f"{sub.items[0].quantity} × Team (monthly)",
        "metadata": {"cycle": str(ctx.rng.randrange(100))},
    }
    return draft(ctx, **{**values, **more})


def draft(ctx: StoryContext, **values: Any) -> Invoice:
    """A draft of a bill."""
    invoice = Invoice(ctx.ids.new("in"), ctx.now, **values)
    ctx.emit(invoice, "invoice.created")
    return invoice


def finalize(ctx: StoryContext, invoice: Invoice) -> PaymentIntent:
    """The bill gets its number and a PaymentIntent."""
    number = f"{ctx.ids.text(8).upper()}-{ctx.rng.randrange(1, 99):04d}"
    intent = PaymentIntent(
        ctx.ids.new("pi"),
        ctx.now,
        invoice.amount,
        invoice.currency,
        invoice.customer,
        ctx.method(),
        "Subscription update" if invoice.subscription else invoice.description,
        invoice=invoice.id,
    )
    ctx.change(invoice, status="open", number=number, finalized_at=ctx.now, intent=intent)
    ctx.emit(intent, "payment_intent.created")
    ctx.emit(invoice, "invoice.finalized", "invoice.updated")
    return intent


def settle(ctx: StoryContext, invoice: Invoice) -> None:
    """The bill is paid by its PaymentIntent: one call, many events in one second."""
    intent = invoice.intent
    assert intent is not None, "only a finalized invoice can be paid"
    payments.pay(ctx, intent)
    ctx.change(
        invoice,
        status="paid",
        amount_paid=invoice.amount,
        paid_at=ctx.now,
        attempt_count=invoice.attempt_count + 1,
        next_payment_attempt=None,
    )
    ctx.emit(invoice, "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
    joined = InvoicePayment(ctx.ids.new("inpay"), ctx.now, invoice, intent, ctx.now)
    ctx.emit(joined, "invoice_payment.paid")


def settle_nothing(ctx: StoryContext, invoice: Invoice) -> None:
    """A bill over nothing is paid as soon as it is made, without a PaymentIntent."""
    number = f"{ctx.ids.text(8).upper()}-0001"
    ctx.change(invoice, status="paid", number=number, finalized_at=ctx.now, paid_at=ctx.now)
    ctx.emit(invoice, "invoice.finalized", "invoice.paid", "invoice.payment_succeeded")


def miss(ctx: StoryContext, invoice: Invoice, *, retry_days: int | None = 3) -> None:
    """An attempt to collect fails; there is another in some days, or none."""
    intent = invoice.intent
    assert intent is not None, "only a finalized invoice can be collected"
    payments.decline(ctx, intent)
    ctx.change(
        invoice,
        attempt_count=invoice.attempt_count + 1,
        next_payment_attempt=ctx.now + retry_days * 86_400 if retry_days else None,
    )
    ctx.emit(invoice, "invoice.updated", "invoice.payment_failed")


def void(ctx: StoryContext, invoice: Invoice) -> None:
    """The merchant takes the bill back."""
    ctx.change(invoice, status="void", voided_at=ctx.now, next_payment_attempt=None)
    if invoice.intent is not None:
        payments.cancel(ctx, invoice.intent, "void_invoice")
    ctx.emit(invoice, "invoice.voided")


def give_up(ctx: StoryContext, invoice: Invoice) -> None:
    """The merchant does not expect the money any more."""
    ctx.change(
        invoice,
        status="uncollectible",
        marked_uncollectible_at=ctx.now,
        next_payment_attempt=None,
    )
    ctx.emit(invoice, "invoice.marked_uncollectible")
