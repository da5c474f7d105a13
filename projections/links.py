"""Which ids a charge and a PaymentIntent name, in any API version: what several kinds go by."""

from __future__ import annotations

from projections.declare import Link
from projections.paths import at

__all__ = ["CHARGE_LINKS", "PAYMENT_INTENT_LINKS"]

CHARGE_LINKS = (
    Link("payment_intent", at("payment_intent")),
    Link("invoice", at("invoice"), prefix="in_"),
    Link("refund", at("refunds.data")),
)

PAYMENT_INTENT_LINKS = (
    Link("charge", at("latest_charge", "charges.data")),
    Link("invoice", at("invoice", "payment_details.order_reference"), prefix="in_"),
    Link("checkout.session", at("payment_details.order_reference"), prefix="cs_"),
)
