"""Orders that are paid, in one step or several, and orders that are not."""

from __future__ import annotations

from api.simulator.actions import balance, payments, refunds
from api.simulator.context import StoryContext
from api.simulator.people import CURRENCIES, goods
from api.simulator.world import Charge


def order_with_3ds_and_partial_refund(ctx: StoryContext) -> None:
    """The customer authenticates and pays; later a part is refunded."""
    intent = payments.create_intent(ctx, amount=10_000, currency="eur")
    ctx.wait(2)
    payments.require_action(ctx, intent)
    ctx.wait(41)
    charge = payments.pay(ctx, intent)
    ctx.wait(days=2)
    refunds.create(ctx, charge, 2_500)


def order_with_late_balance_transaction(ctx: StoryContext) -> None:
    """The charge gets its balance transaction seconds later, in a `charge.updated`."""
    intent = payments.create_intent(ctx, capture_method="automatic_async")
    ctx.wait(3)
    charge = payments.add_charge(ctx, intent, amount_captured=intent.amount)
    ctx.change(intent, status="succeeded", amount_received=intent.amount)
    ctx.emit(charge, "charge.succeeded")
    ctx.emit(intent, "payment_intent.succeeded")
    ctx.wait(2)
    ctx.change(charge, balance_transaction=balance.charged(ctx, charge, charge.amount))
    ctx.emit(charge, "charge.updated")


def order_in_one_second(ctx: StoryContext) -> None:
    """Created, paid and half refunded within one second."""
    intent = payments.create_intent(ctx)
    charge = payments.pay(ctx, intent)
    refunds.create(ctx, charge, intent.amount // 2)


def declined_then_paid(ctx: StoryContext) -> None:
    """The first card is declined; a second charge succeeds."""
    intent = payments.create_intent(ctx)
    payments.decline(ctx, intent)
    ctx.wait(minutes=2)
    ctx.change(intent, method=ctx.method())
    payments.pay(ctx, intent)


def declined_and_left(ctx: StoryContext) -> None:
    """The card is declined twice, and the customer does not try again."""
    intent = payments.create_intent(ctx)
    payments.decline(ctx, intent)
    ctx.wait(30)
    payments.decline(ctx, intent)


def canceled_intent(ctx: StoryContext) -> None:
    """The merchant cancels a PaymentIntent that nobody paid."""
    intent = payments.create_intent(ctx)
    ctx.wait(hours=20)
    payments.cancel(ctx, intent, "abandoned")


def bank_debit_succeeds(ctx: StoryContext) -> None:
    """A bank debit succeeds after four days."""
    intent = payments.create_intent(ctx, method="us_bank_account", currency="usd")
    ctx.wait(5)
    payments.start_debit(ctx, intent)
    ctx.wait(days=4)
    payments.settle_debit(ctx, intent)


def bank_debit_bounces(ctx: StoryContext) -> None:
    """A bank debit fails; the charge said `captured`, but brought in no money."""
    intent = payments.create_intent(ctx, method="us_bank_account", currency="usd")
    payments.start_debit(ctx, intent)
    ctx.wait(days=3)
    payments.settle_debit(ctx, intent, payments.DEBIT_FAILED)


def charge_without_intent(ctx: StoryContext) -> None:
    """A charge without a PaymentIntent, later refunded in part."""
    charge = _charge_alone(ctx)
    ctx.wait(days=1)
    refunds.create(ctx, charge, charge.amount // 5)


def failed_charge_without_intent(ctx: StoryContext) -> None:
    """A failed charge without a PaymentIntent."""
    charge = _charge_alone(ctx, status="failed", captured=False, failure=payments.DECLINED)
    ctx.wait(minutes=1)
    payments.update_metadata(ctx, charge, note="called the customer")


def authorised_charge_without_intent(ctx: StoryContext) -> None:
    """An authorized charge without a PaymentIntent, which is released."""
    charge = _charge_alone(ctx, captured=False)
    ctx.wait(days=1)
    refunds.create(ctx, charge)


def authorised_charge_expires(ctx: StoryContext) -> None:
    """An authorized charge without a PaymentIntent expires: since 2025 only the type says so."""
    charge = _charge_alone(ctx, captured=False)
    ctx.wait(days=7)
    ctx.emit(charge, "charge.expired")


def charge_that_names_no_intent(ctx: StoryContext) -> None:
    """The charge does not name its PaymentIntent, which names the charge two seconds later."""
    intent = payments.create_intent(ctx)
    ctx.wait(1)
    charge = payments.add_charge(ctx, intent, amount_captured=intent.amount, names_intent=False)
    ctx.emit(charge, "charge.succeeded")
    ctx.wait(2)
    ctx.change(intent, status="succeeded", amount_received=intent.amount)
    ctx.emit(intent, "payment_intent.succeeded")
    ctx.wait(hours=5)
    refunds.create(ctx, charge, intent.amount // 4)


def _charge_alone(ctx: StoryContext, **more: object) -> Charge:
    amount = ctx.price()
    values: dict[str, object] = {
        "description": goods(ctx.rng),
        "metadata": {"order_id": ctx.ids.text(6)},
        "amount_captured": amount if more.get("captured", True) else 0,
        **more,
    }
    charge = Charge(
        ctx.ids.new("ch"),
        ctx.time,
        amount,
        ctx.rng.choice(CURRENCIES),
        ctx.person(),
        ctx.method(),
        **values,  # type: ignore[arg-type]
    )
    if charge.money_received:
        charge.balance_transaction = balance.charged(ctx, charge, charge.money_received)
    ctx.emit(charge, f"charge.{charge.status}")
    return charge
