"""The JSON of coupons and discounts, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json, customer_keys
from api.simulator.versions import ApiVersion
from api.simulator.world import Coupon, Discount


def coupon(coupon: Coupon, livemode: bool) -> Json:
    """Return a Coupon."""
    return {
        "id": coupon.id,
        "object": "coupon",
        "amount_off": coupon.amount_off,
        "created": coupon.created,
        "currency": coupon.currency,
        "duration": coupon.duration,
        "duration_in_months": coupon.duration_in_months,
        "livemode": livemode,
        "max_redemptions": None,
        "metadata": dict(coupon.metadata),
        "name": coupon.name,
        "percent_off": coupon.percent_off,
        "redeem_by": None,
        "times_redeemed": coupon.times_redeemed,
        "valid": coupon.valid,
    }


def discount(discount: Discount, api: ApiVersion, livemode: bool) -> Json:
    """Return a Discount; since 2025-09-30 it names its coupon, before it embedded it."""
    shape: Json = {
        "id": discount.id,
        "object": "discount",
        "checkout_session": None,
        **customer_keys(discount.customer, api),
        "end": discount.end,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "start": discount.start,
        "subscription": discount.subscription,
        "subscription_item": None,
    }
    if api.discount_source:
        shape["source"] = {"coupon": discount.coupon.id, "type": "coupon"}
    else:
        shape["coupon"] = coupon(discount.coupon, livemode)
    return shape
