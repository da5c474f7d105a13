"""Customers, products and prices: created, changed and deleted, beside what they sell."""

from __future__ import annotations

from api.simulator.actions import billing, catalog, payments
from api.simulator.context import StoryContext
from api.simulator.people import goods
from api.simulator.world import Item


def customer_buys_and_is_deleted(ctx: StoryContext) -> None:
    """A customer signs up, buys, corrects the e-mail address, and is deleted."""
    customer = catalog.create_customer(ctx, metadata={"newsletter": "yes"})
    ctx.wait(minutes=3)
    intent = payments.create_intent(ctx, customer=customer.person, currency="eur")
    ctx.wait(2)
    payments.pay(ctx, intent)
    ctx.wait(days=3)
    email = f"new.{customer.email}"
    catalog.update(ctx, customer, "customer.updated", email=email, currency="eur")
    ctx.wait(days=300)
    ctx.emit(customer, "customer.deleted")


def customer_of_a_subscription(ctx: StoryContext) -> None:
    """A customer who is a v2 Account subscribes, is delinquent for a while, and gets a credit."""
    person = ctx.account_holder()
    customer = catalog.create_customer(ctx, person)
    ctx.wait(1)
    method = ctx.method().id
    subscription = billing.create_subscription(
        ctx, customer=person, currency="eur", default_payment_method=method
    )
    catalog.update(ctx, customer, "customer.updated", currency="eur", default_payment_method=method)
    ctx.wait(days=30)
    billing.update_subscription(ctx, subscription, status="past_due")
    catalog.update(ctx, customer, "customer.updated", delinquent=True)
    ctx.wait(days=2)
    billing.update_subscription(ctx, subscription, status="active")
    catalog.update(ctx, customer, "customer.updated", delinquent=False, balance=-1_500)


def product_with_prices(ctx: StoryContext) -> None:
    """A product gets a monthly price, which is renamed, and one for a purchase, deleted again."""
    product = catalog.create_product(
        ctx, "Team", description="For ten people", metadata={"tier": "2"}
    )
    monthly = catalog.create_price(ctx, product, nickname="Monthly", metadata={"tier": "2"})
    once = catalog.create_price(ctx, product, interval=None)
    ctx.wait(minutes=1)
    catalog.update(ctx, product, "product.updated", default_price=monthly.id)
    ctx.wait(days=1)
    catalog.update_price(ctx, monthly, nickname="Team, monthly", lookup_key="team_monthly")
    catalog.delete_price(ctx, once)
    ctx.wait(days=400)
    catalog.update_price(ctx, monthly, active=False)
    catalog.update(ctx, product, "product.updated", active=False)


def product_deleted(ctx: StoryContext) -> None:
    """A product that nobody bought is deleted, after its only price."""
    product = catalog.create_product(ctx, goods(ctx.rng))
    price = catalog.create_price(ctx, product, interval=None)
    ctx.wait(days=2)
    catalog.delete_price(ctx, price)
    ctx.wait(1)
    ctx.emit(product, "product.deleted")


def metered_price(ctx: StoryContext) -> None:
    """Usage at 0.3 cents: no whole amount, and a meter; a subscription pays by it."""
    product = catalog.create_product(ctx, "API calls")
    price = catalog.create_price(
        ctx,
        product,
        unit_amount=None,
        unit_amount_decimal="0.3",
        usage_type="metered",
        meter=ctx.ids.new("mtr"),
    )
    ctx.wait(hours=1)
    item = Item(
        ctx.ids.new("si"),
        price.id,
        product.id,
        quantity=None,
        unit_amount=None,
        unit_amount_decimal="0.3",
        usage_type="metered",
        meter=price.meter,
    )
    billing.create_subscription(ctx, items=(item,), currency=price.currency)
