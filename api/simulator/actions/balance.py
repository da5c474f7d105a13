"""Actions of the balance: every movement is a balance transaction, and payouts take what is free.

No event shows them, but a dispute's: Stripe's API lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api.simulator.context import StoryContext
from api.simulator.world import BalanceTransaction, Charge, FeePart, Movement, Payout

_DAY = 86_400
_CATEGORIES: Mapping[str, str] = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "payout_cancel": "payout_reversal",
    "transfer": "transfer",
    "transfer_refund": "transfer_reversal",
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "topup": "topup",
    "topup_reversal": "topup_reversal",
    "stripe_fee": "fee",
}
"""What each type counts as in Stripe's reports; an adjustment says for itself."""
_DAYS: Mapping[str, int] = {"charge": 2, "payment": 4, "application_fee": 2}
"""After how many days a type is available; all others are at once."""


def move(
    ctx: StoryContext,
    type: str,
    source: str | None,
    amount: int,
    currency: str,
    *,
    fees: tuple[FeePart, ...] = (),
    description: str | None = None,
    category: str | None = None,
) -> BalanceTransaction:
    """Move the balance by an amount of the source's currency, less fees of the balance's."""
    conversion = ctx.conversion
    if conversion is not None and conversion.currency != currency:
        amount, currency = round(amount * conversion.rate), conversion.currency
    else:
        conversion = None
    days = _DAYS.get(type, 0)
    transaction = BalanceTransaction(
        ctx.ids.new("txn"),
        ctx.time,
        amount,
        currency,
        type,
        category or _CATEGORIES[type],
        # Midnight in Stripe's time, which is the world's.
        (ctx.time // _DAY + days) * _DAY if days else ctx.time,
        source,
        description,
        conversion.rate if conversion else None,
        fees,
    )
    ctx.movements.append(Movement(ctx.account, ctx.livemode, transaction))
    return transaction


def charged(ctx: StoryContext, charge: Charge, amount: int) -> str:
    """A charge brings in an amount, of which Stripe keeps 2.9 % and 30; the transaction's id."""
    conversion = ctx.conversion
    settled = amount if conversion is None else round(amount * conversion.rate)
    fee = FeePart(settled * 29 // 1000 + 30, "Stripe processing fees")
    type = "charge" if charge.method.type == "card" else "payment"
    return move(
        ctx,
        type,
        charge.id,
        amount,
        charge.currency,
        fees=(fee,),
        description=charge.description,
    ).id


def free(ctx: StoryContext, currency: str) -> list[Movement]:
    """What can be paid out: available, in no payout yet."""
    return [
        movement
        for movement in ctx.movements
        if movement.payout is None
        and (movement.account, movement.livemode) == (ctx.account, ctx.livemode)
        and movement.transaction.currency == currency
        and movement.transaction.available_on <= ctx.time
    ]


def pay_out(ctx: StoryContext, payout: Payout, parts: Sequence[Movement]) -> None:
    """Take a payout's money from the balance; an automatic one is made of transactions."""
    payout.balance_transaction = move(
        ctx, "payout", payout.id, -payout.amount, payout.currency, description="STRIPE PAYOUT"
    ).id
    if payout.automatic:
        for movement in (*parts, ctx.movements[-1]):
            movement.payout = payout.id
