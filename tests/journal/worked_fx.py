"""Worked examples of what is settled in another currency than it was paid in."""

from __future__ import annotations

from tests.journal.worked import (
    BEFORE_BASIL,
    NEWEST,
    Example,
    charge,
    dispute,
    event,
    payout,
    refund,
    transaction,
)

__all__ = ["CONVERTED"]

_CHARGED = (
    event("charge.succeeded", 1_000, charge(10_000)),
    transaction("txn_1", 1_000, "charge", "ch_1", 9_245, "eur", {"stripe_fee": 298},
                exchange_rate=0.9245),
)  # fmt: skip
_REFUNDED = event("refund.created", 2_000, refund(10_000, "succeeded"))
_HELD = charge(10_000, captured=False, amount_captured=0)

CONVERTED = (
    Example(
        "paid in dollars, settled in euros",
        _CHARGED,
        {
            "Stripe:Balance eur": 8_947,
            "Stripe:Processing eur": 298,
            "Sales usd": -10_000,
            "Conversion usd": 10_000,
            "Conversion eur": -9_245,
        },
    ),
    Example(
        "paid in euros, settled in dollars",
        (
            event("charge.succeeded", 1_000, charge(5_000, "eur")),
            transaction("txn_1", 1_000, "charge", "ch_1", 5_430, "usd", {"stripe_fee": 187}),
        ),
        {
            "Stripe:Balance usd": 5_243,
            "Stripe:Processing usd": 187,
            "Sales eur": -5_000,
            "Conversion eur": 5_000,
            "Conversion usd": -5_430,
        },
    ),
    Example(
        "all refunded at a worse rate: what was won by it is FX",
        (*_CHARGED, _REFUNDED, transaction("txn_2", 2_000, "refund", "re_1", -9_100, "eur")),
        {
            # 9,245 came, 9,100 went.
            "Stripe:Balance eur": -153,
            "Stripe:Processing eur": 298,
            "Sales usd": -10_000,
            "Refunds usd": 10_000,
            "FX eur": -145,
        },
    ),
    Example(
        "all refunded at a better rate, and the refund fails at another one",
        (
            *_CHARGED,
            _REFUNDED,
            transaction("txn_2", 2_000, "refund", "re_1", -9_400, "eur"),
            event("refund.failed", 9_000, refund(10_000, "failed"), status="succeeded"),
            transaction("txn_3", 9_000, "refund_failure", "re_1", 9_300, "eur"),
        ),
        {
            # 9,245 - 298 - 9,400 + 9,300: of which 155 were lost when all was back.
            "Stripe:Balance eur": 8_847,
            "Stripe:Processing eur": 298,
            "Sales usd": -10_000,
            "FX eur": 155,
            "Conversion usd": 10_000,
            "Conversion eur": -9_300,
        },
    ),
    Example(
        "half refunded: the other half is still converted",
        (
            *_CHARGED,
            event("refund.created", 2_000, refund(5_000, "succeeded")),
            transaction("txn_2", 2_000, "refund", "re_1", -4_550, "eur"),
        ),
        {
            "Stripe:Balance eur": 4_397,
            "Stripe:Processing eur": 298,
            "Sales usd": -10_000,
            "Refunds usd": 5_000,
            "Conversion usd": 5_000,
            "Conversion eur": -4_695,
        },
    ),
    Example(
        "captured in two parts, each settled by itself",
        (
            event("charge.succeeded", 1_000, _HELD),
            event("charge.updated", 1_200, {**_HELD, "amount_captured": 4_000}, NEWEST,
                  amount_captured=0),
            transaction("txn_1", 1_200, "charge", "ch_1", 3_700, "eur"),
            event("charge.captured", 1_500, {**_HELD, "captured": True, "amount_captured": 7_500},
                  NEWEST, captured=False, amount_captured=4_000),
            transaction("txn_2", 1_500, "charge", "ch_1", 3_200, "eur"),
        ),
        {
            "Stripe:Balance eur": 6_900,
            "Sales usd": -7_500,
            "Conversion usd": 7_500,
            "Conversion eur": -6_900,
        },
        {
            3: {
                "Stripe:Balance eur": 3_700,
                "Sales usd": -4_000,
                "Conversion usd": 4_000,
                "Conversion eur": -3_700,
            }
        },
    ),
    Example(
        "captured in part, the rest released by a transaction of its own",
        (
            event("charge.captured", 1_500,
                  {**_HELD, "captured": True, "amount_captured": 6_000, "amount_refunded": 4_000,
                   "refunds": {"data": [refund(4_000, "succeeded", created=1_500)]}},
                  BEFORE_BASIL, captured=False, amount_captured=0, amount_refunded=0),
            transaction("txn_1", 1_500, "charge", "ch_1", 9_245, "eur", {"stripe_fee": 190}),
            transaction("txn_2", 1_500, "partial_capture_reversal", "re_1", -3_698, "eur",
                        type="refund"),
        ),
        {
            "Stripe:Balance eur": 5_357,
            "Stripe:Processing eur": 190,
            "Sales usd": -6_000,
            "Conversion usd": 6_000,
            "Conversion eur": -5_547,
        },
    ),
    Example(
        "disputed, and given back at another rate",
        (
            event("charge.dispute.closed", 8_000, dispute(
                "won",
                transaction("txn_7", 3_000, "dispute", "dp_1", -9_200, "eur",
                            {"stripe_fee": 1_400}, type="adjustment"),
                transaction("txn_8", 8_000, "dispute_reversal", "dp_1", 9_150, "eur",
                            type="adjustment"),
            )),
        ),
        {"Stripe:Balance eur": -1_450, "Stripe:Dispute eur": 1_400, "FX eur": 50},
    ),
    Example(
        "disputed in dollars and lost in euros",
        (
            event("charge.dispute.closed", 8_000, dispute(
                "lost",
                transaction("txn_7", 3_000, "dispute", "dp_1", -9_200, "eur",
                            {"stripe_fee": 1_400}, type="adjustment"),
            )),
        ),
        {
            "Stripe:Balance eur": -10_600,
            "Stripe:Dispute eur": 1_400,
            "DisputeLosses eur": 9_200,
        },
    ),
    Example(
        "paid out in another currency",
        (
            event("payout.paid", 90_000, payout(8_000, "paid")),
            transaction("txn_1", 4_000, "payout", "po_1", -7_400, "eur"),
        ),
        {
            "Stripe:Balance eur": -7_400,
            "Bank:ba_1 usd": 8_000,
            "Conversion eur": 7_400,
            "Conversion usd": -8_000,
        },
    ),
)  # fmt: skip
