"""The lines of an invoice: what each of them bills."""

from __future__ import annotations

from projections.objects.paths import at
from projections.objects.types import Type
from projections.rows.kind import Field

__all__ = ["LINE"]

LINE = (
    Field("id", Type.ID, "The line's id.", at("id")),
    Field("description", Type.TEXT, "What the customer reads.", at("description")),
    Field("amount", Type.INTEGER, "Its amount, in the minor unit.", at("amount")),
    Field("currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency")),
    Field("quantity", Type.INTEGER, "How many.", at("quantity")),
    Field(
        "price", Type.ID, "Its price; before prices, its plan.",
        at("pricing.price_details.price", "price", "plan"),
    ),
    Field(
        "product", Type.ID, "The product billed.",
        at("pricing.price_details.product", "price.product", "plan.product"),
    ),
    Field(
        "proration", Type.BOOLEAN, "Whether it settles a change within a period.",
        at("parent.subscription_item_details.proration", "parent.invoice_item_details.proration",
           "proration"),
    ),
    Field("period_start", Type.TIME, "Start of what it bills.", at("period.start")),
    Field("period_end", Type.TIME, "End of what it bills.", at("period.end")),
    Field(
        "subscription", Type.ID, "The subscription it bills.",
        at("parent.subscription_item_details.subscription",
           "parent.invoice_item_details.subscription", "subscription"),
    ),
    Field(
        "subscription_item", Type.ID, "The item of the subscription.",
        at("parent.subscription_item_details.subscription_item", "subscription_item"),
    ),
)  # fmt: skip
