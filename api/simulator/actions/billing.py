"""Actions of billing: subscriptions begin, change and end; invoices are created, paid or not."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import payments
from api.simulator.context import StoryContext
from api.simulator.people import CURRENCIES
from api.simulator.world import Invoice, InvoicePayment, Item, PaymentIntent, Subscription

MONTH = 30 * 86_400


def create_subscription(ctx: StoryContext, *, trial_days: int = 0, **more: Any) -> Subscription:
    """Create a subscription of one item, or of two in one case of three."""
    price = ctx.price()
    item_count = 2 if ctx.rng.random() < 0.34 else 1
    item_ids = [
        (ctx.ids.new("si"), ctx.ids.new("price"), ctx.ids.new("prod")) for _ in range(item_count)
    ]
    quantity = ctx.rng.randint(1, 3)
    trial_end = ctx.time + trial_days * 86_400 if trial_days else None
    values: dict[str, Any] = {
        "currency": ctx.rng.choice(CURRENCIES),
        "customer": ctx.person(),
        "items": tuple(Item(*ids, quantity=quantity, unit_amount=price) for ids in item_ids),
        "current_period_start": ctx.time,
        "current_period_end": trial_end or ctx.time + MONTH,
        "status": "trialing" if trial_days else "active",
        "trial_start": ctx.time if trial_days else None,
        "trial_end": trial_end,
        "metadata": {"plan": "team"},
    }
    subscription = Subscription(ctx.ids.new("sub"), ctx.time, **{**values, **more})
    ctx.emit(subscription, "customer.subscription.created")
    return subscription


def update_subscription(ctx: StoryContext, subscription: Subscription, **values: Any) -> None:
    """Change fields of a subscription."""
    ctx.change(subscription, **values)
    ctx.emit(subscription, "customer.subscription.updated")


def cancel_subscription(ctx: StoryContext, subscription: Subscription, reason: str) -> None:
    """End a subscription now."""
    ctx.change(
        subscription,
        status="canceled",
        canceled_at=subscription.canceled_at or ctx.time,
        ended_at=ctx.time,
        cancellation_reason=reason,
    )
    ctx.emit(subscription, "customer.subscription.deleted")


def invoice_subscription(ctx: StoryContext, subscription: Subscription, **more: Any) -> Invoice:
    """Create a draft invoice for a subscription's current period."""
    values: dict[str, Any] = {
        "amount": sum(
            (item.unit_amount or 0) * (item.quantity or 0) for item in subscription.items
        ),
        "currency": subscription.currency,
        "customer": subscription.customer,
        "subscription": subscription.id,
        "item": subscription.items[0],
        "period_start": subscription.current_period_start,
        "period_end": subscription.current_period_end,
        "description": f"{subscription.items[0].quantity} × Team (monthly)",
        "metadata": {"cycle": str(ctx.rng.randrange(100))},
    }
    return create_invoice(ctx, **{**values, **more})


def create_invoice(ctx: StoryContext, **values: Any) -> Invoice:
    """Create a draft invoice."""
    invoice = Invoice(ctx.ids.new("in"), ctx.time, **values)
    ctx.emit(invoice, "invoice.created")
    return invoice


def finalize_invoice(ctx: StoryContext, invoice: Invoice) -> PaymentIntent:
    """Finalize an invoice: it gets its number and a PaymentIntent."""
    number = f"{ctx.ids.text(8).upper()}-{ctx.rng.randrange(1, 99):04d}"
    intent = PaymentIntent(
        ctx.ids.new("pi"),
        ctx.time,
        invoice.amount_due,
        invoice.currency,
        invoice.customer,
        ctx.method(),
        "Subscription update" if invoice.subscription else invoice.description,
        invoice=invoice.id,
    )
    ctx.change(invoice, status="open", number=number, finalized_at=ctx.time, intent=intent)
    ctx.emit(intent, "payment_intent.created")
    ctx.emit(invoice, "invoice.finalized", "invoice.updated")
    return intent


def pay_invoice(ctx: StoryContext, invoice: Invoice) -> None:
    """Pay an invoice by its PaymentIntent: one request, many events in one second."""
    intent = invoice.intent
    assert intent is not None, "only a finalized invoice can be paid"
    payments.pay(ctx, intent)
    settle_invoice(ctx, invoice, attempt_count=invoice.attempt_count + 1)
    attach_payment(ctx, invoice, invoice.amount_paid, intent=intent)


def settle_invoice(ctx: StoryContext, invoice: Invoice, **values: Any) -> None:
    """An invoice is paid, whatever by."""
    ctx.change(
        invoice,
        status="paid",
        amount_paid=invoice.amount_due,
        paid_at=ctx.time,
        next_payment_attempt=None,
        **values,
    )
    ctx.emit(invoice, "invoice.updated", "invoice.paid")
    # It says that money came through Stripe: an invoice paid out of band has none.
    ctx.emit(invoice, "invoice.payment_succeeded", is_sent=not invoice.paid_out_of_band)


def attach_payment(
    ctx: StoryContext, invoice: Invoice, amount: int, **payment: Any
) -> InvoicePayment:
    """A payment pays an invoice, or a part of it."""
    attached = InvoicePayment(
        ctx.ids.new("inpay"), ctx.time, invoice, amount, paid_at=ctx.time, **payment
    )
    ctx.emit(attached, "invoice_payment.paid")
    return attached


def detach_payment(ctx: StoryContext, payment: InvoicePayment) -> None:
    """A payment is detached from its invoice, which is open again."""
    invoice = payment.invoice
    ctx.emit(payment, "invoice_payment.detached")
    ctx.change(
        invoice,
        status="open",
        amount_paid=invoice.amount_paid - payment.amount,
        paid_at=None,
        intent=None,
    )
    ctx.emit(invoice, "invoice.updated")


def pay_zero_invoice(ctx: StoryContext, invoice: Invoice) -> None:
    """Finalize an invoice of amount 0, which is paid at once without a PaymentIntent."""
    number = f"{ctx.ids.text(8).upper()}-0001"
    ctx.change(invoice, status="paid", number=number, finalized_at=ctx.time, paid_at=ctx.time)
    ctx.emit(invoice, "invoice.finalized", "invoice.paid", "invoice.payment_succeeded")


def fail_payment(ctx: StoryContext, invoice: Invoice, *, retry_days: int | None = 3) -> None:
    """An attempt to collect an invoice fails; Stripe retries in some days, or never."""
    intent = invoice.intent
    assert intent is not None, "only a finalized invoice can be collected"
    payments.decline(ctx, intent)
    ctx.change(
        invoice,
        attempt_count=invoice.attempt_count + 1,
        next_payment_attempt=ctx.time + retry_days * 86_400 if retry_days else None,
    )
    ctx.emit(invoice, "invoice.updated", "invoice.payment_failed")


def void_invoice(ctx: StoryContext, invoice: Invoice) -> None:
    """The merchant voids an invoice."""
    ctx.change(invoice, status="void", voided_at=ctx.time, next_payment_attempt=None)
    if invoice.intent is not None:
        payments.cancel(ctx, invoice.intent, "void_invoice")
    ctx.emit(invoice, "invoice.voided")


def mark_uncollectible(ctx: StoryContext, invoice: Invoice) -> None:
    """The merchant marks an invoice as uncollectible."""
    ctx.change(
        invoice,
        status="uncollectible",
        marked_uncollectible_at=ctx.time,
        next_payment_attempt=None,
    )
    ctx.emit(invoice, "invoice.marked_uncollectible")
