"""Money between balances: transfers and reversals, a platform's fees, top-ups, conversions."""

from __future__ import annotations

from api.simulator.actions import disputes, payments, platforms, refunds
from api.simulator.context import StoryContext
from api.simulator.world import ConnectTerms, Conversion, Failure

_RETURNED = Failure("debit_not_authorized", "The bank says that nobody allowed this debit.")


def transfer_reversed_twice(ctx: StoryContext) -> None:
    """Of a sale most goes on to a seller; it is taken back in two parts."""
    seller, group = ctx.ids.new("acct"), f"ORDER{ctx.rng.randrange(10**6)}"
    intent = payments.create_intent(ctx, currency="usd")
    ctx.wait(2)
    charge = payments.pay(ctx, intent)
    ctx.wait(minutes=1)
    amount = charge.amount * 4 // 5
    transfer = platforms.transfer(
        ctx,
        amount,
        "usd",
        seller,
        source_transaction=charge.id,
        transfer_group=group,
        metadata={"order": group},
    )
    ctx.wait(hours=1)
    ctx.change(transfer, description="For the second half of May")
    ctx.emit(transfer, "transfer.updated")
    ctx.wait(days=1)
    platforms.reverse(ctx, transfer, amount // 3)
    ctx.wait(days=1)
    platforms.reverse(ctx, transfer, amount - amount // 3)


def transfer_reversed_in_one_second(ctx: StoryContext) -> None:
    """Made and taken back in two parts within a second, of another balance than the cards'."""
    transfer = platforms.transfer(ctx, 6_000, "usd", ctx.ids.new("acct"), source_type="fpx")
    platforms.reverse(ctx, transfer, 1_000)
    platforms.reverse(ctx, transfer, 2_000)


def destination_charge_refunded(ctx: StoryContext) -> None:
    """A charge goes on to a seller less the platform's fee; a refund takes back of both."""
    seller = ctx.ids.new("acct")
    terms = ConnectTerms(application_fee_amount=400, on_behalf_of=seller, destination=seller)
    intent = payments.create_intent(ctx, amount=8_000, currency="usd", terms=terms)
    ctx.wait(2)
    charge = payments.pay(ctx, intent)
    transfer = platforms.transfer(ctx, 8_000, "usd", seller, source_transaction=charge.id)
    fee = platforms.earn(ctx, charge, 400, seller, transfer.destination_payment)
    ctx.wait(days=2)
    refund = refunds.create(ctx, charge, 2_000)
    platforms.reverse(ctx, transfer, 2_000, refund.id)
    part = platforms.refund_fee(ctx, fee, 100)
    ctx.wait(hours=1)
    ctx.change(part, metadata={"case": ctx.ids.text(6)})
    ctx.emit(part, "application_fee.refund.updated")
    ctx.wait(days=1)
    platforms.refund_fee(ctx, fee, 300)


def topup_succeeds(ctx: StoryContext) -> None:
    """The bank gives the money as expected."""
    topup = platforms.top_up(ctx, statement_descriptor="WEEKLY TOP-UP", transfer_group="WEEKLY")
    ctx.wait(days=5)
    platforms.give(ctx, topup)


def topup_reversed(ctx: StoryContext) -> None:
    """The bank gives the money, and takes it back ten days later."""
    topup = platforms.top_up(ctx)
    ctx.wait(days=5)
    platforms.give(ctx, topup)
    ctx.wait(days=10)
    platforms.take_back(ctx, topup)


def topup_fails(ctx: StoryContext) -> None:
    """The bank refuses."""
    topup = platforms.top_up(ctx)
    ctx.wait(days=3)
    platforms.refuse(ctx, topup, _RETURNED)


def topup_canceled(ctx: StoryContext) -> None:
    """The merchant thinks better of it."""
    topup = platforms.top_up(ctx)
    ctx.wait(minutes=20)
    ctx.change(topup, status="canceled", expected_availability_date=None)
    ctx.emit(topup, "topup.canceled")


def settled_in_another_currency(ctx: StoryContext) -> None:
    """Charged, refunded and disputed in dollars, settled in euros."""
    ctx.conversion = Conversion("eur", 0.924517)
    intent = payments.create_intent(ctx, currency="usd")
    ctx.wait(2)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=3)
    ctx.conversion = Conversion("eur", 0.91)
    refunds.create(ctx, charge, charge.amount // 2)
    ctx.wait(days=1)
    disputes.create(ctx, charge, amount=charge.amount // 4)
