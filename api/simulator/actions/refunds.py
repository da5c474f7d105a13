"""Actions of refunds: created, succeeded, failed, canceled."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import balance
from api.simulator.context import StoryContext
from api.simulator.world import Charge, Refund


def create(
    ctx: StoryContext,
    charge: Charge,
    amount: int | None = None,
    *,
    is_told_by_charge: bool = True,
    **more: Any,
) -> Refund:
    """Refund an amount of a charge, by default all that is not refunded yet.

    Where the charge does not tell, as the endpoint has only `refund.*`, the refund alone does.
    """
    whole = charge.amount_captured if charge.captured else charge.amount
    amount = whole - charge.money_refunded if amount is None else amount
    refund = Refund(
        ctx.ids.new("re" if charge.method.type == "card" else "pyr"),
        ctx.time,
        amount,
        charge.currency,
        charge,
        **{"reason": "requested_by_customer", **more},
    )
    type = "refund" if charge.method.type == "card" else "payment_refund"
    refund.balance_transaction = balance.move(ctx, type, refund.id, -amount, charge.currency).id
    ctx.change(
        charge,
        amount_refunded=charge.amount_refunded + amount,
        refunds=(*charge.refunds, refund),
    )
    ctx.emit(charge, "charge.refunded", is_sent=is_told_by_charge)
    ctx.emit(refund, "refund.created")
    return refund


def succeed(ctx: StoryContext, refund: Refund) -> None:
    """A pending refund reaches the customer, whose bank can find it by its reference."""
    reference = f"7{int(refund.id[-6:].encode().hex(), 16) % 10**15:015d}"
    ctx.change(refund, status="succeeded", pending_reason=None, reference=reference)
    ctx.emit(refund, "refund.updated", "charge.refund.updated")


def fail(ctx: StoryContext, refund: Refund) -> None:
    """The money of a refund returns to the merchant: three events with the same snapshot."""
    _return_money(ctx, refund, "failed", "lost_or_stolen_card")
    ctx.emit(refund, "refund.failed")


def cancel(ctx: StoryContext, refund: Refund) -> None:
    """The merchant cancels a refund that is still pending."""
    _return_money(ctx, refund, "canceled", "merchant_request")


def _return_money(ctx: StoryContext, refund: Refund, status: str, reason: str) -> None:
    charge = refund.charge
    returned = balance.move(ctx, "refund_failure", refund.id, refund.amount, refund.currency)
    ctx.change(
        refund,
        status=status,
        pending_reason=None,
        failure_reason=reason,
        failure_balance_transaction=returned.id,
    )
    ctx.change(charge, amount_refunded=charge.amount_refunded - refund.amount)
    ctx.emit(refund, "refund.updated", "charge.refund.updated")
