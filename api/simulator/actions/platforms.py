"""Actions of platforms: transfers and their reversals, application fees, top-ups."""

from __future__ import annotations

from typing import Any

from api.simulator.actions import balance
from api.simulator.context import StoryContext
from api.simulator.world import (
    ApplicationFee,
    Charge,
    Failure,
    FeeRefund,
    Payout,
    Topup,
    Transfer,
    TransferReversal,
)


def transfer(
    ctx: StoryContext, amount: int, currency: str, destination: str, **more: Any
) -> Transfer:
    """Transfer money to a connected account."""
    created = Transfer(
        ctx.ids.new("tr"), ctx.time, amount, currency, destination, ctx.ids.new("py"), **more
    )
    created.balance_transaction = balance.move(ctx, "transfer", created.id, -amount, currency).id
    ctx.emit(created, "transfer.created")
    return created


def reverse(
    ctx: StoryContext, transfer: Transfer, amount: int, source_refund: str | None = None
) -> None:
    """Take back a part of a transfer, or the rest of it."""
    reversal_id = ctx.ids.new("trr")
    returned = balance.move(ctx, "transfer_refund", reversal_id, amount, transfer.currency)
    reversal = TransferReversal(
        reversal_id, ctx.time, amount, returned.id, source_refund, ctx.ids.new("pyr")
    )
    ctx.change(transfer, reversals=(*transfer.reversals, reversal))
    ctx.emit(transfer, "transfer.reversed")


def earn(
    ctx: StoryContext, charge: Charge, amount: int, account: str, payment: str
) -> ApplicationFee:
    """Earn a fee of a charge that went on to a connected account, as its `payment` there."""
    fee = ApplicationFee(
        ctx.ids.new("fee"),
        ctx.time,
        amount,
        charge.currency,
        account,
        ctx.ids.new("ca"),
        payment,
        originating_transaction=charge.id,
    )
    earned = balance.move(ctx, "application_fee", fee.id, amount, charge.currency)
    fee.balance_transaction = earned.id
    ctx.emit(fee, "application_fee.created")
    return fee


def earn_of_payout(ctx: StoryContext, payout: Payout, amount: int, account: str) -> None:
    """Earn a fee of a connected account's payout."""
    fee = ApplicationFee(
        ctx.ids.new("fee"),
        ctx.time,
        amount,
        payout.currency,
        account,
        ctx.ids.new("ca"),
        charge=None,
        payout=payout.id,
    )
    earned = balance.move(ctx, "application_fee", fee.id, amount, payout.currency)
    fee.balance_transaction = earned.id
    ctx.emit(fee, "application_fee.created")


def refund_fee(ctx: StoryContext, fee: ApplicationFee, amount: int) -> FeeRefund:
    """Give back a part of a fee, or the rest of it."""
    refund = FeeRefund(ctx.ids.new("fr"), ctx.time, amount, fee.currency, fee.id)
    taken = balance.move(ctx, "application_fee_refund", refund.id, -amount, fee.currency)
    refund.balance_transaction = taken.id
    ctx.change(fee, refunds=(*fee.refunds, refund))
    ctx.emit(fee, "application_fee.refunded")
    return refund


def top_up(ctx: StoryContext, **more: Any) -> Topup:
    """Ask the merchant's bank for money."""
    values: dict[str, Any] = {
        "amount": ctx.price() * 100,
        "currency": "usd",
        "source": ctx.ids.new("src"),
        "expected_availability_date": ctx.time + 5 * 86_400,
        "description": "Top-up for the week",
        "metadata": {"week": str(ctx.rng.randrange(1, 53))},
    }
    topup = Topup(ctx.ids.new("tu"), ctx.time, **{**values, **more})
    ctx.emit(topup, "topup.created")
    return topup


def give(ctx: StoryContext, topup: Topup) -> None:
    """The bank gives the money of a top-up."""
    transaction = balance.move(ctx, "topup", topup.id, topup.amount, topup.currency)
    ctx.change(topup, status="succeeded", balance_transaction=transaction.id)
    ctx.emit(topup, "topup.succeeded")


def take_back(ctx: StoryContext, topup: Topup) -> None:
    """The bank takes the money of a top-up back."""
    balance.move(ctx, "topup_reversal", topup.id, -topup.amount, topup.currency)
    ctx.change(topup, status="reversed")
    ctx.emit(topup, "topup.reversed")


def refuse(ctx: StoryContext, topup: Topup, failure: Failure) -> None:
    """The bank refuses the money of a top-up."""
    ctx.change(topup, status="failed", failure=failure)
    ctx.emit(topup, "topup.failed")
