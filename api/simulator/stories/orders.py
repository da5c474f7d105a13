"""Orders that come to be paid, in one step or several, and those that do not."""

from __future__ import annotations

from api.simulator.actions import payments, returns
from api.simulator.context import StoryContext
from api.simulator.people import CURRENCIES, goods
from api.simulator.world import Charge


def order_with_3ds_and_partial_refund(ctx: StoryContext) -> None:
    """The bank asks, the customer pays, later gets some of it back."""
    intent = payments.intend(ctx, amount=10_000, currency="eur")
    ctx.wait(2)
    payments.ask_for_action(ctx, intent)
    ctx.wait(41)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=2)
    returns.give_back(ctx, charge, 2_500)


def order_with_late_balance_transaction(ctx: StoryContext) -> None:
    """The charge's balance transaction comes a moment later, in a `charge.updated`."""
    intent = payments.intend(ctx, capture_method="automatic_async")
    ctx.wait(3)
    charge = payments.attempt(ctx, intent, amount_captured=intent.amount)
    ctx.change(intent, status="succeeded", amount_received=intent.amount)
    ctx.emit(charge, "charge.succeeded")
    ctx.emit(intent, "payment_intent.succeeded")
    ctx.wait(2)
    ctx.change(charge, balance_transaction=ctx.ids.new("txn"))
    ctx.emit(charge, "charge.updated")


def order_in_one_second(ctx: StoryContext) -> None:
    """Meant, paid and half given back before the clock ticks."""
    intent = payments.intend(ctx)
    charge = payments.pay(ctx, intent)
    returns.give_back(ctx, charge, intent.amount // 2)


def declined_then_paid(ctx: StoryContext) -> None:
    """The first card is declined; a second charge brings the money."""
    intent = payments.intend(ctx)
    payments.decline(ctx, intent)
    ctx.wait(minutes=2)
    ctx.change(intent, method=ctx.method())
    payments.pay(ctx, intent)


def declined_and_left(ctx: StoryContext) -> None:
    """Two declines, and nobody comes back."""
    intent = payments.intend(ctx)
    payments.decline(ctx, intent)
    ctx.wait(30)
    payments.decline(ctx, intent)


def canceled_intent(ctx: StoryContext) -> None:
    """Nobody paid, so the merchant cancels."""
    intent = payments.intend(ctx)
    ctx.wait(hours=20)
    payments.cancel(ctx, intent, "abandoned")


def bank_debit_succeeds(ctx: StoryContext) -> None:
    """A debit takes four days to arrive."""
    intent = payments.intend(ctx, method="us_bank_account", currency="usd")
    ctx.wait(5)
    payments.process(ctx, intent)
    ctx.wait(days=4)
    payments.settle(ctx, intent)


def bank_debit_bounces(ctx: StoryContext) -> None:
    """A debit that the bank returns; the charge said `captured`, and no money ever came."""
    intent = payments.intend(ctx, method="us_bank_account", currency="usd")
    payments.process(ctx, intent)
    ctx.wait(days=3)
    payments.settle(ctx, intent, payments.BOUNCED)


def charge_without_intent(ctx: StoryContext) -> None:
    """The old way to pay: a charge alone, some of it given back."""
    charge = _lone_charge(ctx)
    ctx.wait(days=1)
    returns.give_back(ctx, charge, charge.amount // 5)


def failed_charge_without_intent(ctx: StoryContext) -> None:
    """The old way to be declined."""
    charge = _lone_charge(ctx, status="failed", captured=False, failure=payments.DECLINED)
    ctx.wait(minutes=1)
    returns.annotate(ctx, charge, note="called the customer")


def authorised_charge_without_intent(ctx: StoryContext) -> None:
    """The old way to authorise, and to let the promise go."""
    charge = _lone_charge(ctx, captured=False)
    ctx.wait(days=1)
    returns.give_back(ctx, charge, release=True)


def charge_that_names_no_intent(ctx: StoryContext) -> None:
    """The charge is silent about its PaymentIntent, which names it a little later."""
    intent = payments.intend(ctx)
    ctx.wait(1)
    charge = payments.attempt(ctx, intent, amount_captured=intent.amount, names_intent=False)
    ctx.emit(charge, "charge.succeeded")
    ctx.wait(2)
    ctx.change(intent, status="succeeded", amount_received=intent.amount)
    ctx.emit(intent, "payment_intent.succeeded")
    ctx.wait(hours=5)
    returns.give_back(ctx, charge, intent.amount // 4)


def _lone_charge(ctx: StoryContext, **more: object) -> Charge:
    amount = ctx.price()
    values: dict[str, object] = {
        "description": goods(ctx.rng),
        "metadata": {"order_id": ctx.ids.text(6)},
        "amount_captured": amount if more.get("captured", True) else 0,
        **more,
    }
    charge = Charge(
        ctx.ids.new("ch"),
        ctx.now,
        amount,
        ctx.rng.choice(CURRENCIES),
        ctx.person(),
        ctx.method(),
        **values,  # type: ignore[arg-type]
    )
    ctx.emit(charge, f"charge.{charge.status}")
    return charge
