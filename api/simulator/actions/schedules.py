"""Actions of changes to come and of money given back: schedules and credit notes."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import billing
from api.simulator.context import StoryContext
from api.simulator.world import CreditNote, Invoice, Phase, Schedule, Subscription


def schedule_change(ctx: StoryContext, subscription: Subscription, price: str) -> Schedule:
    """Schedule another price for a subscription, from the end of its period on."""
    item, start = subscription.items[0], subscription.current_period_start
    end = subscription.current_period_end
    current = Phase(start, end, item.price, item.quantity or 1)
    schedule = Schedule(
        ctx.ids.new("sub_sched"),
        ctx.time,
        subscription.customer,
        subscription.id,
        (current,),
        current,
        metadata={"by": "support"},
    )
    ctx.emit(schedule, "subscription_schedule.created")
    billing.update_subscription(ctx, subscription, schedule=schedule.id)
    then = Phase(end, end + billing.MONTH, price, item.quantity or 1)
    ctx.change(schedule, phases=(current, then))
    ctx.emit(schedule, "subscription_schedule.updated")
    return schedule


def release(ctx: StoryContext, schedule: Schedule, subscription: Subscription) -> None:
    """Release a subscription from its schedule: it stays as it is."""
    ctx.change(
        schedule,
        status="released",
        released_at=ctx.time,
        released_subscription=subscription.id,
        subscription=None,
        current_phase=None,
    )
    ctx.emit(schedule, "subscription_schedule.released")
    billing.update_subscription(ctx, subscription, schedule=None)


def credit(ctx: StoryContext, invoice: Invoice, amount: int, **more: Any) -> CreditNote:
    """Lower an invoice's amount by a credit note, before or after it was paid."""
    is_paid = invoice.status == "paid"
    values: dict[str, Any] = {
        "number": f"{invoice.number}-CN-01",
        "type": "post_payment" if is_paid else "pre_payment",
        "reason": "order_change",
    }
    note = CreditNote(ctx.ids.new("cn"), ctx.time, invoice, amount, **{**values, **more})
    ctx.emit(note, "credit_note.created")
    _lower(ctx, note, amount)
    return note


def void(ctx: StoryContext, note: CreditNote) -> None:
    """Void a credit note: the invoice's amount is as it was."""
    ctx.change(note, status="void", voided_at=ctx.time)
    ctx.emit(note, "credit_note.voided")
    _lower(ctx, note, -note.amount)


def _lower(ctx: StoryContext, note: CreditNote, amount: int) -> None:
    name = f"{note.type}_credit_notes_amount"
    ctx.change(note.invoice, **{name: getattr(note.invoice, name) + amount})
    ctx.emit(note.invoice, "invoice.updated")
