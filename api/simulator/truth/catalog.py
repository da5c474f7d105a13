"""The true rows of customers, products, prices, coupons, discounts, schedules, credit notes."""

from __future__ import annotations

from typing import Any

from api.simulator.truth.records import Record, Records, common_fields

Rows = dict[str, dict[str, Any]]

_CUSTOMER = (
    "email",
    "name",
    "phone",
    "balance",
    "currency",
    "delinquent",
    "default_payment_method",
    "country",
    "deleted",
    "customer_account",
    "metadata",
)
_PRODUCT = ("name", "active", "description", "default_price", "deleted", "metadata")
_PRICE = (
    "product",
    "active",
    "unit_amount",
    "unit_amount_decimal",
    "currency",
    "type",
    "interval",
    "interval_count",
    "usage_type",
    "billing_scheme",
    "meter",
    "nickname",
    "lookup_key",
    "deleted",
    "metadata",
)
_CREDIT_NOTE = (
    "invoice",
    "customer",
    "customer_account",
    "status",
    "amount",
    "currency",
    "type",
    "reason",
    "number",
    "pre_payment_amount",
    "post_payment_amount",
    "refund",
    "metadata",
)
_TERMS = ("percent_off", "amount_off", "currency", "duration", "valid")
_SCHEDULE = (
    "status",
    "subscription",
    "customer",
    "customer_account",
    "current_phase_start",
    "current_phase_end",
    "phases",
    "end_behavior",
    "released_at",
    "canceled_at",
    "metadata",
)


def customers(records: Records) -> Rows:
    """Return the row of every customer, by id."""
    return _rows(records, "customer", _CUSTOMER)


def products(records: Records) -> Rows:
    """Return the row of every product, by id."""
    return _rows(records, "product", _PRODUCT)


def prices(records: Records) -> Rows:
    """Return the row of every price, by id; a plan is one, and where both are told the price is."""
    plans, prices = records.by_id("plan"), records.by_id("price")
    rows = {}
    for price_id in {**plans, **prices}:
        plan, price = plans.get(price_id), prices.get(price_id)
        shown = price or plan
        assert shown is not None
        events = [event for record in (plan, price) if record for event in record.events()]
        rows[price_id] = {
            **common_fields("price", price_id, shown["created"], events),
            **{name: shown[name] for name in _PRICE},
            "deleted": any(event.type.endswith(".deleted") for event in events),
        }
    return rows


def credit_notes(records: Records) -> Rows:
    """Return the row of every credit note, by id."""
    return _rows(records, "credit_note", _CREDIT_NOTE)


def coupons(records: Records) -> Rows:
    """Return the row of every coupon, by id."""
    return _rows(records, "coupon", (*_TERMS, "deleted", "metadata"))


def discounts(records: Records) -> Rows:
    """Return the row of every discount, by id."""
    names = (*_TERMS, "coupon", "customer", "subscription", "start", "end", "deleted")
    rows = _rows(records, "discount", names)
    return {discount_id: {**row, "metadata": None} for discount_id, row in rows.items()}


def subscription_schedules(records: Records) -> Rows:
    """Return the row of every subscription schedule, by id."""
    return _rows(records, "subscription_schedule", _SCHEDULE)


def _rows(records: Records, stripe_object: str, names: tuple[str, ...]) -> Rows:
    def row(record: Record) -> dict[str, Any]:
        common = common_fields(stripe_object, record.id, record["created"], record.events())
        return {**common, **{name: record[name] for name in names}}

    return {record.id: row(record) for record in records.by_id(stripe_object).values()}
