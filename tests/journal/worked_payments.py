"""Worked examples of charges, refunds and disputes."""

from __future__ import annotations

from tests.journal.worked import (
    BEFORE_BASIL,
    NEWEST,
    Example,
    charge,
    dispute,
    event,
    json_of,
    refund,
    transaction,
)

__all__ = ["PAYMENTS"]


def _charged(currency: str, amount: int, fee: int) -> Example:
    net = amount - fee
    return Example(
        f"a charge in {currency}",
        (
            event("charge.succeeded", 1_000, charge(amount, currency)),
            transaction("txn_1", 1_000, "charge", "ch_1", amount, currency, {"stripe_fee": fee}),
        ),
        {
            f"Stripe:Balance {currency}": net,
            f"Stripe:Processing {currency}": fee,
            f"Sales {currency}": -amount,
        },
        {1: {f"Clearing:Charge {currency}": amount, f"Sales {currency}": -amount}},
    )


_DEBIT = charge(5_000, status="pending", id="py_1")
_FAILED_DEBIT = Example(
    "a debit that fails",
    (
        event("charge.pending", 1_000, _DEBIT),
        transaction("txn_1", 1_000, "charge", "py_1", 5_000, "usd", {"stripe_fee": 40},
                    type="payment"),
        transaction("txn_2", 1_900, "charge_failure", "py_1", -5_000, "usd",
                    type="payment_failure_refund"),
        event("charge.failed", 1_900, {**_DEBIT, "status": "failed"}, status="pending"),
    ),
    # Stripe keeps its fee.
    {"Stripe:Balance usd": -40, "Stripe:Processing usd": 40},
    {1: {"Receivable:Async usd": 5_000, "Unconfirmed usd": -5_000}},
)  # fmt: skip

_HELD = charge(10_000, captured=False, amount_captured=0)
_OLD_HOLD = {name: value for name, value in _HELD.items() if name != "amount_captured"}
_RELEASE = refund(4_000, "succeeded", created=1_500)
_PARTLY_BEFORE_BASIL = Example(
    "captured in part, before basil: the rest was released as a refund",
    (
        event("charge.succeeded", 1_000, _OLD_HOLD, BEFORE_BASIL),
        event("charge.captured", 1_500,
              {**_OLD_HOLD, "captured": True, "amount_refunded": 4_000,
               "refunds": {"data": [_RELEASE]}},
              BEFORE_BASIL, captured=False, amount_refunded=0),
        transaction("txn_1", 1_500, "charge", "ch_1", 10_000, "usd", {"stripe_fee": 204}),
        transaction("txn_2", 1_500, "partial_capture_reversal", "re_1", -4_000, "usd",
                    type="refund"),
    ),
    {"Stripe:Balance usd": 5_796, "Stripe:Processing usd": 204, "Sales usd": -6_000},
    {1: {}, 2: {"Clearing:Charge usd": 6_000, "Sales usd": -6_000}},
)  # fmt: skip

_PARTLY_SINCE_BASIL = Example(
    "captured in part, since basil, and a part of that refunded",
    (
        event("charge.succeeded", 1_000, _HELD),
        event("charge.captured", 1_500, {**_HELD, "captured": True, "amount_captured": 6_000},
              NEWEST, captured=False, amount_captured=0),
        transaction("txn_1", 1_500, "charge", "ch_1", 6_000, "usd", {"stripe_fee": 204}),
        # As much as was released: it is a refund all the same.
        event("refund.created", 2_000, refund(4_000, "succeeded")),
        transaction("txn_2", 2_000, "refund", "re_1", -4_000, "usd"),
    ),
    {
        "Stripe:Balance usd": 1_796,
        "Stripe:Processing usd": 204,
        "Sales usd": -6_000,
        "Refunds usd": 4_000,
    },
    {1: {}},
)  # fmt: skip

_FAILED_REFUND = Example(
    "a refund that fails",
    (
        event("charge.succeeded", 1_000, charge(10_000)),
        transaction("txn_1", 1_000, "charge", "ch_1", 10_000, "usd", {"stripe_fee": 320}),
        event("refund.created", 2_000, refund(2_500, "succeeded")),
        transaction("txn_2", 2_000, "refund", "re_1", -2_500, "usd"),
        event("refund.failed", 9_000, refund(2_500, "failed"), status="succeeded"),
        transaction("txn_3", 9_000, "refund_failure", "re_1", 2_500, "usd"),
    ),
    {"Stripe:Balance usd": 9_680, "Stripe:Processing usd": 320, "Sales usd": -10_000},
    {
        4: {
            "Stripe:Balance usd": 7_180,
            "Stripe:Processing usd": 320,
            "Sales usd": -10_000,
            "Refunds usd": 2_500,
        }
    },
)

_TAKEN = transaction("txn_7", 3_000, "dispute", "dp_1", -10_000, "usd", {"stripe_fee": 1_500},
                     type="adjustment")  # fmt: skip
_GIVEN_BACK = transaction("txn_8", 8_000, "dispute_reversal", "dp_1", 10_000, "usd",
                          {"stripe_fee": -1_500}, type="adjustment")  # fmt: skip
_PARTLY_BACK = transaction("txn_8", 8_000, "dispute_reversal", "dp_1", 7_000, "usd",
                           type="adjustment")  # fmt: skip

_OPENED = event("charge.dispute.created", 3_000, dispute("needs_response", _TAKEN))
_LOST = event("charge.dispute.closed", 7_000, dispute("lost", _TAKEN), status="under_review")
_WON = dispute("won", _TAKEN, _GIVEN_BACK)
_AFTER_LOSS = {
    "Stripe:Balance usd": -11_500,
    "Stripe:Dispute usd": 1_500,
    "DisputeLosses usd": 10_000,
}
_WHILE_OPEN = {
    "Stripe:Balance usd": -11_500,
    "Stripe:Dispute usd": 1_500,
    "Stripe:Disputed usd": 10_000,
}

_DISPUTES = (
    Example("a dispute that is lost", (_OPENED, _LOST), _AFTER_LOSS, {1: _WHILE_OPEN}),
    Example(
        "a dispute that is won, and its fee given back",
        (_OPENED, event("charge.dispute.closed", 8_000, _WON, status="under_review")),
        {},
        {1: _WHILE_OPEN},
    ),
    Example(
        "a dispute that is won after it was lost",
        (_OPENED, _LOST, event("charge.dispute.closed", 8_000, _WON, status="lost")),
        {},
        {2: _AFTER_LOSS},
    ),
    Example(
        "a dispute that is won, and partially reinstated",
        (
            _OPENED,
            event("charge.dispute.closed", 8_000, dispute("won", _TAKEN, _PARTLY_BACK),
                  status="under_review"),
        ),
        {
            "Stripe:Balance usd": -4_500,
            "Stripe:Dispute usd": 1_500,
            "DisputeLosses usd": 3_000,
        },
    ),
    Example(
        "a dispute that is lost, and partially reinstated",
        (
            _OPENED,
            _LOST,
            event("charge.dispute.funds_reinstated", 8_000, dispute("lost", _TAKEN, _PARTLY_BACK)),
        ),
        {
            "Stripe:Balance usd": -4_500,
            "Stripe:Dispute usd": 1_500,
            "DisputeLosses usd": 3_000,
        },
        {2: _AFTER_LOSS},
    ),
    Example(
        "a dispute's transactions, shown by it and recorded too, are one by id",
        (_OPENED, _TAKEN, _LOST),
        _AFTER_LOSS,
        {2: _WHILE_OPEN},
    ),
    Example(
        "a dispute whose old transaction says nothing but its type",
        (
            event(
                "charge.dispute.created",
                3_000,
                {
                    **dispute("needs_response"),
                    "balance_transactions": [
                        {
                            name: value
                            for name, value in json_of(_TAKEN).items()
                            if name != "reporting_category"
                        }
                    ],
                },
                "2019-02-11",
            ),
        ),
        _WHILE_OPEN,
    ),
)  # fmt: skip

PAYMENTS = (
    _charged("usd", 10_000, 320),
    _charged("jpy", 10_000, 360),
    _charged("kwd", 12_500, 405),
    _FAILED_DEBIT,
    _PARTLY_BEFORE_BASIL,
    _PARTLY_SINCE_BASIL,
    _FAILED_REFUND,
    *_DISPUTES,
)
