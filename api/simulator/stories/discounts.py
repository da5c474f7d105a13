"""Coupons, and the discounts they give: to a subscription, to a customer."""

from __future__ import annotations

from api.simulator.actions import billing, catalog
from api.simulator.context import StoryContext


def subscription_with_a_coupon(ctx: StoryContext) -> None:
    """A coupon takes a quarter off a subscription, whose invoice shows it; then it ends."""
    coupon = catalog.create_coupon(ctx)
    ctx.wait(days=1)
    subscription = billing.create_subscription(ctx)
    discount = catalog.give_discount(ctx, coupon, subscription.customer, subscription)
    billing.update_subscription(ctx, subscription, discounts=(discount,))
    ctx.wait(days=30)
    full = sum((i.unit_amount or 0) * (i.quantity or 0) for i in subscription.items)
    invoice = billing.invoice_subscription(
        ctx, subscription, amount=full - full // 4, discount=full // 4
    )
    ctx.wait(hours=1)
    billing.finalize_invoice(ctx, invoice)
    billing.pay_invoice(ctx, invoice)
    billing.update_subscription(ctx, subscription, latest_invoice=invoice.id)
    ctx.wait(days=60)
    ctx.emit(discount, "customer.discount.deleted")
    billing.update_subscription(ctx, subscription, discounts=())


def customers_discount_prolonged(ctx: StoryContext) -> None:
    """A customer gets five off for a while, and for longer; the coupon is deleted meanwhile."""
    customer = catalog.create_customer(ctx)
    coupon = catalog.create_coupon(
        ctx, percent_off=None, amount_off=500, currency="eur", metadata={"campaign": "spring"}
    )
    ctx.wait(days=2)
    discount = catalog.give_discount(ctx, coupon, customer.person)
    ctx.wait(days=10)
    catalog.update(ctx, coupon, "coupon.deleted", valid=False)
    ctx.wait(days=1)
    assert discount.end is not None
    catalog.update(ctx, discount, "customer.discount.updated", end=discount.end + 30 * 86_400)
