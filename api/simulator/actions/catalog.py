"""Actions of the catalog: customers, products and prices, coupons and discounts."""

from __future__ import annotations

from typing import Any

from api.simulator.context import StoryContext
from api.simulator.people import Person
from api.simulator.world import (
    Coupon,
    Customer,
    Discount,
    Plan,
    Price,
    Product,
    Subscription,
    WorldObject,
)


def create_customer(ctx: StoryContext, person: Person | None = None, **more: Any) -> Customer:
    """Create a customer."""
    person = person or ctx.person()
    customer = Customer(person, ctx.time, person.email, **more)
    ctx.emit(customer, "customer.created")
    return customer


def create_product(ctx: StoryContext, name: str, **more: Any) -> Product:
    """Create a product."""
    product = Product(ctx.ids.new("prod"), ctx.time, name, **more)
    ctx.emit(product, "product.created")
    return product


def create_price(ctx: StoryContext, product: Product, **more: Any) -> Price:
    """Create a price of a product; a recurring one is told as a plan too."""
    amount = ctx.price()
    values: dict[str, Any] = {
        "currency": "eur",
        "unit_amount": amount,
        "unit_amount_decimal": str(more.get("unit_amount", amount)),
    }
    price = Price(ctx.ids.new("price"), ctx.time, product.id, **{**values, **more})
    _emit_price(ctx, price, "created")
    return price


def update_price(ctx: StoryContext, price: Price, **values: Any) -> None:
    """Change fields of a price."""
    ctx.change(price, **values)
    _emit_price(ctx, price, "updated")


def delete_price(ctx: StoryContext, price: Price) -> None:
    """Delete a price that nobody has used."""
    ctx.change(price, active=False)
    _emit_price(ctx, price, "deleted")


def update(ctx: StoryContext, world_object: WorldObject, event_type: str, **values: Any) -> None:
    """Change fields of an object, told by one event."""
    ctx.change(world_object, **values)
    ctx.emit(world_object, event_type)


def create_coupon(ctx: StoryContext, **more: Any) -> Coupon:
    """Create a coupon: a quarter off for three months, unless said otherwise."""
    values: dict[str, Any] = {"name": "Welcome back", "percent_off": 25.0}
    coupon = Coupon(ctx.ids.text(8), ctx.time, **{**values, **more})
    ctx.emit(coupon, "coupon.created")
    return coupon


def give_discount(
    ctx: StoryContext, coupon: Coupon, customer: Person, subscription: Subscription | None = None
) -> Discount:
    """Apply a coupon to a customer, or to one of the customer's subscriptions."""
    discount = Discount(
        ctx.ids.new("di"),
        ctx.time,
        coupon,
        customer,
        subscription.id if subscription else None,
        ctx.time,
        ctx.time + 90 * 86_400,
    )
    ctx.emit(discount, "customer.discount.created")
    ctx.change(coupon, times_redeemed=coupon.times_redeemed + 1)
    ctx.emit(coupon, "coupon.updated")
    return discount


def _emit_price(ctx: StoryContext, price: Price, change: str) -> None:
    if price.interval:
        ctx.emit(Plan(price), f"plan.{change}")
    ctx.emit(price, f"price.{change}")
