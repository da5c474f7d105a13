"""Invoices without a subscription, and how they end."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import balance, billing, payments
from api.simulator.context import StoryContext
from api.simulator.world import Charge, Invoice, PaymentIntent


def invoice_paid_in_one_second(ctx: StoryContext) -> None:
    """Created, finalized and paid within one second."""
    invoice = _draft_invoice(ctx)
    billing.finalize_invoice(ctx, invoice)
    billing.pay_invoice(ctx, invoice)


def invoice_missed_then_paid(ctx: StoryContext) -> None:
    """Collecting the invoice fails twice, then succeeds."""
    invoice = _open_invoice(ctx)
    billing.fail_payment(ctx, invoice)
    ctx.wait(days=3)
    billing.fail_payment(ctx, invoice, retry_days=5)
    ctx.wait(days=5)
    billing.pay_invoice(ctx, invoice)


def invoice_voided(ctx: StoryContext) -> None:
    """The merchant voids the invoice before it is paid."""
    invoice = _open_invoice(ctx)
    ctx.wait(days=1)
    billing.void_invoice(ctx, invoice)


def invoice_given_up_then_paid(ctx: StoryContext) -> None:
    """The invoice is marked uncollectible, and paid later all the same."""
    invoice = _open_invoice(ctx)
    billing.fail_payment(ctx, invoice, retry_days=None)
    ctx.wait(days=40)
    billing.mark_uncollectible(ctx, invoice)
    ctx.wait(days=12)
    billing.pay_invoice(ctx, invoice)


def invoice_deleted(ctx: StoryContext) -> None:
    """A draft is deleted: its last snapshot still has the status `draft`."""
    invoice = _draft_invoice(ctx)
    ctx.wait(minutes=9)
    ctx.emit(invoice, "invoice.deleted")


def invoice_overdue(ctx: StoryContext) -> None:
    """An invoice with tax and a discount is sent by e-mail, and not paid when it is due."""
    due_date = ctx.time + 14 * 86_400
    invoice = _draft_invoice(
        ctx, collection_method="send_invoice", due_date=due_date, tax=1_900, discount=500
    )
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, invoice)
    ctx.emit(invoice, "invoice.sent")
    ctx.wait(days=15)
    ctx.emit(invoice, "invoice.overdue")


def invoice_that_cannot_be_finalized(ctx: StoryContext) -> None:
    """Finalizing fails, as the customer's place is unknown for the tax; the draft is deleted."""
    invoice = _draft_invoice(ctx)
    ctx.wait(hours=1)
    error = "customer_tax_location_invalid"
    ctx.change(invoice, finalization_error=error)
    ctx.emit(invoice, "invoice.finalization_failed")
    ctx.wait(days=1)
    ctx.emit(invoice, "invoice.deleted")


def invoice_paid_by_two_payments(ctx: StoryContext) -> None:
    """Two fifths are paid by one PaymentIntent, the rest by another, which is the default."""
    invoice = _open_invoice(ctx, amount=10_000)
    first = _payment(ctx, invoice, 4_000)
    ctx.change(invoice, amount_paid=4_000)
    ctx.emit(invoice, "invoice.updated")
    billing.attach_payment(ctx, invoice, 4_000, intent=first, is_default=False)
    ctx.wait(days=1)
    assert invoice.intent is not None
    invoice.intent.amount = 6_000
    payments.pay(ctx, invoice.intent)
    billing.settle_invoice(ctx, invoice)
    billing.attach_payment(ctx, invoice, 6_000, intent=invoice.intent)


def one_payment_for_two_invoices(ctx: StoryContext) -> None:
    """A customer pays two invoices by one bank transfer."""
    first, second = _open_invoice(ctx), _open_invoice(ctx)
    ctx.wait(days=4)
    intent = _payment(ctx, first, first.amount_due + second.amount_due)
    for invoice in (first, second):
        billing.settle_invoice(ctx, invoice, intent=intent)
        billing.attach_payment(ctx, invoice, invoice.amount_paid, intent=intent)


def invoice_paid_out_of_band(ctx: StoryContext) -> None:
    """The customer pays in cash: the invoice lets go of its PaymentIntent, which is canceled."""
    invoice = _open_invoice(ctx)
    ctx.wait(days=3)
    assert invoice.intent is not None
    payments.cancel(ctx, invoice.intent, "automatic")
    billing.settle_invoice(
        ctx,
        invoice,
        paid_out_of_band=True,
        amount_paid_off_stripe=invoice.amount_due,
        intent=None,
    )


def invoice_reopened(ctx: StoryContext) -> None:
    """A payment is detached from a paid invoice, which is open again: `paid` is not the end."""
    invoice = _draft_invoice(ctx)
    ctx.wait(hours=1)
    intent = billing.finalize_invoice(ctx, invoice)
    ctx.wait(days=1)
    payments.pay(ctx, intent)
    billing.settle_invoice(ctx, invoice)
    payment = billing.attach_payment(ctx, invoice, invoice.amount_paid, intent=intent)
    ctx.wait(days=4)
    billing.detach_payment(ctx, payment)


def invoice_paid_by_a_charge(ctx: StoryContext) -> None:
    """A charge without a PaymentIntent pays the invoice: it is an order of its own."""
    invoice = _draft_invoice(ctx)
    ctx.wait(hours=1)
    charge = Charge(
        ctx.ids.new("ch"),
        ctx.time,
        invoice.amount,
        invoice.currency,
        invoice.customer,
        ctx.method(),
        amount_captured=invoice.amount,
        invoice=invoice.id,
    )
    charge.balance_transaction = balance.charged(ctx, charge, charge.amount)
    ctx.emit(charge, "charge.succeeded")
    number = f"{ctx.ids.text(8).upper()}-0007"
    billing.settle_invoice(ctx, invoice, number=number, finalized_at=ctx.time, charge=charge)
    billing.attach_payment(ctx, invoice, invoice.amount_paid, charge=charge)


def _draft_invoice(ctx: StoryContext, **more: Any) -> Invoice:
    values: dict[str, Any] = {
        "amount": ctx.price(),
        "currency": "eur",
        "customer": ctx.person(),
        "subscription": None,
        "period_start": ctx.time,
        "period_end": ctx.time,
        "description": "Consulting, one day",
        "billing_reason": "manual",
    }
    return billing.create_invoice(ctx, **{**values, **more})


def _payment(ctx: StoryContext, invoice: Invoice, amount: int) -> PaymentIntent:
    """Return a PaymentIntent that is paid and names no invoice."""
    intent = payments.create_intent(
        ctx, amount=amount, currency=invoice.currency, customer=invoice.customer
    )
    payments.pay(ctx, intent)
    return intent


def _open_invoice(ctx: StoryContext, **more: Any) -> Invoice:
    invoice = _draft_invoice(ctx, **more)
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, invoice)
    ctx.wait(minutes=1)
    return invoice
