"""Invoices without a subscription, and how they end."""

from __future__ import annotations

from api.simulator.actions import billing
from api.simulator.context import StoryContext
from api.simulator.world import Invoice


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


def _draft_invoice(ctx: StoryContext) -> Invoice:
    return billing.create_invoice(
        ctx,
        amount=ctx.price(),
        currency="eur",
        customer=ctx.person(),
        subscription=None,
        period_start=ctx.time,
        period_end=ctx.time,
        description="Consulting, one day",
        billing_reason="manual",
    )


def _open_invoice(ctx: StoryContext) -> Invoice:
    invoice = _draft_invoice(ctx)
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, invoice)
    ctx.wait(minutes=1)
    return invoice
