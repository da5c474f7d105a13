"""The JSON of customers, products, prices and plans, by API version."""

from __future__ import annotations

from api.simulator.shapes.parts import Json
from api.simulator.versions import ApiVersion
from api.simulator.world import Customer, Plan, Price, Product


def customer(customer: Customer, api: ApiVersion, livemode: bool) -> Json:
    """Return a Customer; 2019-10-17 renamed its balance, 2025-12-15 added its v2 Account."""
    person = customer.person
    shape: Json = {
        "id": person.id,
        "object": "customer",
        "address": dict(person.address),
        "account_balance" if api.billing else "balance": customer.balance,
        "created": customer.created,
        "currency": customer.currency,
        "default_source": None,
        "delinquent": customer.delinquent,
        "description": None,
        "discount": None,
        "email": customer.email,
        "invoice_prefix": person.id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": customer.default_payment_method,
            "footer": None,
        },
        "livemode": livemode,
        "metadata": dict(customer.metadata),
        "name": person.name,
        "phone": person.phone,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
    }
    if api.customer_account:
        shape["customer_account"] = person.account
    return shape


def product(product: Product, livemode: bool) -> Json:
    """Return a Product."""
    return {
        "id": product.id,
        "object": "product",
        "active": product.active,
        "attributes": [],
        "created": product.created,
        "default_price": product.default_price,
        "description": product.description,
        "images": [],
        "livemode": livemode,
        "metadata": dict(product.metadata),
        "name": product.name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": product.created,
        "url": None,
    }


def price(price: Price, livemode: bool) -> Json:
    """Return a Price."""
    recurring: Json = {
        "interval": price.interval,
        "interval_count": price.interval_count,
        "meter": price.meter,
        "trial_period_days": None,
        "usage_type": price.usage_type,
    }
    return {
        "id": price.id,
        "object": "price",
        "active": price.active,
        "billing_scheme": "per_unit",
        "created": price.created,
        "currency": price.currency,
        "custom_unit_amount": None,
        "livemode": livemode,
        "lookup_key": price.lookup_key,
        "metadata": dict(price.metadata),
        "nickname": price.nickname,
        "product": price.product,
        "recurring": recurring if price.interval else None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if price.interval else "one_time",
        "unit_amount": price.unit_amount,
        "unit_amount_decimal": price.unit_amount_decimal,
    }


def plan(plan: Plan, livemode: bool) -> Json:
    """Return the Plan that a recurring price also is."""
    price = plan.price
    return {
        "id": price.id,
        "object": "plan",
        "active": price.active,
        "aggregate_usage": None,
        "amount": price.unit_amount,
        "amount_decimal": price.unit_amount_decimal,
        "billing_scheme": "per_unit",
        "created": price.created,
        "currency": price.currency,
        "interval": price.interval,
        "interval_count": price.interval_count,
        "livemode": livemode,
        "metadata": dict(price.metadata),
        "meter": price.meter,
        "nickname": price.nickname,
        "product": price.product,
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": price.usage_type,
    }
