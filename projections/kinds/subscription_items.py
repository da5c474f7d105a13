"""The items of a subscription, and the period of the one that ends first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.objects.paths import at
from projections.objects.types import ABSENT, Type, lower
from projections.rows.kind import Field

__all__ = ["ITEM", "first_period", "item_of_plan"]

ITEM = (
    Field("id", Type.ID, "The item's id; null where the version has no items.", at("id")),
    Field("price", Type.ID, "Its price; before prices, its plan.", at("price", "plan")),
    Field("product", Type.ID, "The product sold.", at("price.product", "plan.product")),
    Field("quantity", Type.INTEGER, "How many.", at("quantity")),
    Field(
        "unit_amount", Type.INTEGER, "Price of one, in the minor unit.",
        at("price.unit_amount", "plan.amount"),
    ),
    Field(
        "unit_amount_decimal", Type.TEXT, "The same with up to twelve decimal places, as a text.",
        at("price.unit_amount_decimal", "plan.amount_decimal"),
    ),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.",
        at("price.currency", "plan.currency"),
        convert=lower,
    ),
    Field(
        "interval", Type.CODE, "How often it renews: day, week, month or year.",
        at("price.recurring.interval", "plan.interval"),
    ),
    Field(
        "interval_count", Type.INTEGER, "How many intervals from one renewal to the next.",
        at("price.recurring.interval_count", "plan.interval_count"),
    ),
    Field(
        "usage_type", Type.CODE, "`licensed` or `metered`.",
        at("price.recurring.usage_type", "plan.usage_type"),
    ),
    Field(
        "billing_scheme", Type.CODE, "`per_unit` or `tiered`.",
        at("price.billing_scheme", "plan.billing_scheme"),
    ),
    Field(
        "meter", Type.ID, "The meter that counts its usage.",
        at("price.recurring.meter", "plan.meter"),
    ),
    Field(
        "nickname", Type.TEXT, "What the merchant calls its price.",
        at("price.nickname", "plan.nickname", "plan.name"),
    ),
    Field(
        "lookup_key", Type.CODE, "The merchant's own key, by which its price is looked up.",
        at("price.lookup_key"),
    ),
    Field(
        "current_period_start", Type.TIME, "Start of its period.", at("current_period_start")
    ),
    Field("current_period_end", Type.TIME, "End of its period.", at("current_period_end")),
    Field("trial_start", Type.TIME, "Start of its trial.", at("current_trial.start_date")),
    Field("trial_end", Type.TIME, "End of its trial.", at("current_trial.end_date")),
)  # fmt: skip


def item_of_plan(snapshot: Mapping[str, Any]) -> Any:
    """The one item of a subscription before there were items: its plan and quantity."""
    plan = snapshot.get("plan")
    if plan is None:
        return ABSENT
    return [{"plan": plan, "quantity": snapshot.get("quantity")}]


def first_period(items: list[dict[str, Any]] | None) -> tuple[int | None, int | None]:
    """Start and end of the period that ends first; of several the one that began last."""
    periods = [
        (item["current_period_end"], -(item["current_period_start"] or 0), item)
        for item in items or ()
        if item["current_period_end"] is not None
    ]
    if not periods:
        return None, None
    _, _, item = min(periods, key=lambda period: period[:2])
    return item["current_period_start"], item["current_period_end"]
