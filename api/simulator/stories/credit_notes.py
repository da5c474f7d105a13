"""Credit notes: an invoice's amount is lowered, before or after it was paid."""

from __future__ import annotations

from api.simulator.actions import billing, refunds, schedules
from api.simulator.context import StoryContext
from api.simulator.world import Invoice


def credit_note_after_payment(ctx: StoryContext) -> None:
    """A part of a paid invoice is refunded, by a credit note that names the refund."""
    invoice = _finalized_invoice(ctx)
    billing.pay_invoice(ctx, invoice)
    ctx.wait(days=3)
    assert invoice.intent is not None
    amount = invoice.amount // 4
    refund = refunds.create(ctx, invoice.intent.charges[-1], amount)
    schedules.credit(ctx, invoice, amount, refund=refund.id, metadata={"case": "17"})


def credit_note_before_payment(ctx: StoryContext) -> None:
    """An open invoice is lowered by mistake: the note is voided, and the whole is paid."""
    invoice = _finalized_invoice(ctx)
    ctx.wait(days=1)
    note = schedules.credit(ctx, invoice, invoice.amount // 2)
    ctx.wait(hours=2)
    schedules.void(ctx, note)
    ctx.wait(days=1)
    billing.pay_invoice(ctx, invoice)


def _finalized_invoice(ctx: StoryContext) -> Invoice:
    subscription = billing.create_subscription(ctx, customer=ctx.account_holder())
    ctx.wait(days=30)
    invoice = billing.invoice_subscription(ctx, subscription)
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, invoice)
    billing.update_subscription(ctx, subscription, latest_invoice=invoice.id)
    return invoice
