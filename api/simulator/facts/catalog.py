"""The facts of customers, products, prices, coupons and discounts."""

from __future__ import annotations

from api.simulator.facts.parts import Facts, of_customer, same
from api.simulator.versions import ApiVersion
from api.simulator.world import Coupon, Customer, Discount, Plan, Price, Product


def customer(customer: Customer, api: ApiVersion, event_type: str) -> Facts:
    """Return the facts of a customer; only the type says that it was deleted."""
    fields: Facts = {
        **same(customer, "created email balance currency delinquent default_payment_method"),
        "name": customer.person.name,
        "phone": customer.person.phone,
        "country": customer.person.address["country"],
        "deleted": event_type == "customer.deleted",
        "metadata": dict(customer.metadata),
    }
    if api.customer_account:
        fields["customer_account"] = customer.person.account
    return fields


def product(product: Product, event_type: str) -> Facts:
    """Return the facts of a product."""
    return {
        **same(product, "created name active description default_price"),
        "deleted": event_type == "product.deleted",
        "metadata": dict(product.metadata),
    }


def price(price: Price, event_type: str) -> Facts:
    """Return the facts of a price."""
    return {
        **plan(Plan(price), event_type),
        "type": "recurring" if price.interval else "one_time",
        "lookup_key": price.lookup_key,
    }


def plan(plan: Plan, event_type: str) -> Facts:
    """Return the facts of a plan, which has all of its price but the lookup key."""
    price = plan.price
    return {
        **same(
            price,
            "created product active unit_amount unit_amount_decimal currency interval meter "
            "nickname",
        ),
        "type": "recurring",
        "interval_count": price.interval_count if price.interval else None,
        "usage_type": price.usage_type if price.interval else None,
        "billing_scheme": "per_unit",
        "deleted": event_type.endswith(".deleted"),
        "metadata": dict(price.metadata),
    }


def coupon(coupon: Coupon, event_type: str) -> Facts:
    """Return the facts of a coupon."""
    return {
        **_terms(coupon),
        "created": coupon.created,
        "deleted": event_type == "coupon.deleted",
        "metadata": dict(coupon.metadata),
    }


def discount(discount: Discount, api: ApiVersion, event_type: str) -> Facts:
    """Return the facts of a discount: its coupon's terms only where the coupon is embedded."""
    fields: Facts = {
        **same(discount, "subscription start end"),
        **of_customer(discount.customer, api),
        "coupon": discount.coupon.id,
        "deleted": event_type == "customer.discount.deleted",
    }
    if not api.discount_source:
        fields.update(_terms(discount.coupon))
    return fields


def _terms(coupon: Coupon) -> Facts:
    return same(coupon, "percent_off amount_off currency duration valid")
