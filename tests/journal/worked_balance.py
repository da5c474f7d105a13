"""Worked examples of payouts, transfers, fees, top-ups, reserves, and what nobody knows."""

from __future__ import annotations

from tests.journal.worked import (
    Example,
    application_fee,
    charge,
    event,
    payout,
    reversal,
    topup,
    transaction,
    transfer,
)

__all__ = ["BALANCE"]

_SENT = transaction("txn_1", 4_000, "payout", "po_1", -8_000, "usd")
_IN_TRANSIT = event("payout.updated", 4_500, payout(8_000, "in_transit"), status="pending")
_PAID = event("payout.paid", 90_000, payout(8_000, "paid"), status="in_transit")
_AFTER_PAYOUT = {"Stripe:Balance usd": -8_000, "Bank:ba_1 usd": 8_000}

_PAYOUTS = (
    Example(
        "a payout that is paid, then fails",
        (
            event("payout.created", 4_000, payout(8_000, "pending")),
            _SENT,
            _IN_TRANSIT,
            _PAID,
            event("payout.failed", 99_000, payout(8_000, "failed"), status="paid"),
            transaction("txn_2", 99_000, "payout_reversal", "po_1", 8_000, "usd",
                        type="payout_failure"),
        ),
        {},
        {
            1: {"Transit:Payout usd": 8_000, "Clearing:Payout usd": -8_000},
            3: {"Stripe:Balance usd": -8_000, "Transit:Payout usd": 8_000},
            4: _AFTER_PAYOUT,
            5: {"Stripe:Balance usd": -8_000, "Clearing:Payout usd": 8_000},
        },
    ),
    Example(
        "a payout that fails and never was paid",
        (
            event("payout.created", 4_000, payout(8_000, "pending")),
            event("payout.failed", 5_000, payout(8_000, "failed"), status="pending"),
        ),
        {},
        {1: {"Transit:Payout usd": 8_000, "Clearing:Payout usd": -8_000}},
    ),
    Example(
        "a negative payout: a debit of the bank account",
        (
            event("payout.paid", 90_000, payout(-2_500, "paid")),
            transaction("txn_1", 4_000, "payout", "po_1", 2_500, "usd"),
        ),
        {"Stripe:Balance usd": 2_500, "Bank:ba_1 usd": -2_500},
    ),
    Example(
        "a payout that is reversed: another payout, the other way",
        (
            _PAID,
            _SENT,
            event("payout.paid", 95_000,
                  payout(-8_000, "paid", id="po_2", original_payout="po_1")),
            transaction("txn_2", 95_000, "payout_reversal", "po_2", 8_000, "usd", type="payout"),
        ),
        {},
        {2: _AFTER_PAYOUT},
    ),
    Example(
        "an instant payout, with its fee",
        (
            event("payout.paid", 4_100, payout(10_000, "paid", method="instant",
                                               destination="card_1")),
            transaction("txn_1", 4_000, "payout", "po_1", -10_000, "usd", {"stripe_fee": 100}),
        ),
        {
            "Stripe:Balance usd": -10_100,
            "Stripe:Payout usd": 100,
            "Bank:card_1 usd": 10_000,
        },
    ),
    Example(
        "a payout of the years when it was a transfer",
        (
            event("transfer.paid", 4_500,
                  transfer(8_000, type="bank_account", status="paid", destination="ba_1"),
                  "2016-07-06"),
            transaction("txn_1", 4_000, "transfer", "tr_1", -8_000, "usd"),
        ),
        _AFTER_PAYOUT,
    ),
)  # fmt: skip

_TRANSFERS = (
    Example(
        "a transfer, and a part of it reversed",
        (
            event("transfer.created", 5_000, transfer(5_000)),
            transaction("txn_1", 5_000, "transfer", "tr_1", -5_000, "usd"),
            event("transfer.reversed", 5_500,
                  transfer(5_000, amount_reversed=2_000, reversals={"data": [reversal(2_000)]}),
                  amount_reversed=0),
            transaction("txn_2", 5_500, "transfer_reversal", "trr_1", 2_000, "usd",
                        type="transfer_refund"),
        ),
        {"Stripe:Balance usd": -3_000, "Connect:acct_1 usd": 3_000},
        {2: {"Stripe:Balance usd": -5_000, "Connect:acct_1 usd": 5_000}},
    ),
    Example(
        "a reversal that only its transaction's source names",
        (
            event("transfer.created", 5_000, transfer(5_000)),
            transaction("txn_1", 5_000, "transfer", "tr_1", -5_000, "usd"),
            transaction("txn_2", 5_500, "transfer_reversal", reversal(2_000), 2_000, "usd",
                        type="transfer_refund"),
            event("transfer.updated", 5_600, transfer(5_000, amount_reversed=2_000),
                  amount_reversed=0),
        ),
        {"Stripe:Balance usd": -3_000, "Connect:acct_1 usd": 3_000},
    ),
    Example(
        "a destination charge: what goes on is no sale, and the platform's fee is",
        (
            event("charge.succeeded", 1_000,
                  charge(10_000, transfer_data={"destination": "acct_1", "amount": None},
                         application_fee_amount=1_000)),
            transaction("txn_1", 1_000, "charge", "ch_1", 10_000, "usd", {"stripe_fee": 320}),
            event("transfer.created", 1_000, transfer(10_000, created=1_000)),
            transaction("txn_2", 1_000, "transfer", "tr_1", -10_000, "usd"),
            event("application_fee.created", 1_000, application_fee(1_000, created=1_000)),
            transaction("txn_3", 1_000, "platform_earning", "fee_1", 1_000, "usd",
                        type="application_fee"),
        ),
        {
            "Stripe:Balance usd": 680,
            "Stripe:Processing usd": 320,
            "ApplicationFees usd": -1_000,
        },
        {1: {"Clearing:Charge usd": 10_000, "Connect:acct_1 usd": -10_000}},
    ),
    Example(
        "a destination charge of which a part goes on",
        (
            event("charge.succeeded", 1_000,
                  charge(10_000, transfer_data={"destination": "acct_1", "amount": 8_000})),
            transaction("txn_1", 1_000, "charge", "ch_1", 10_000, "usd", {"stripe_fee": 320}),
        ),
        {
            "Stripe:Balance usd": 9_680,
            "Stripe:Processing usd": 320,
            "Connect:acct_1 usd": -8_000,
            "Sales usd": -2_000,
        },
    ),
    Example(
        "a charge of which a platform keeps a fee, in the account's own book",
        (
            event("charge.succeeded", 1_000, charge(10_000, application_fee_amount=700)),
            transaction("txn_1", 1_000, "charge", "ch_1", 10_000, "usd",
                        {"stripe_fee": 320, "application_fee": 700, "tax": 30,
                         "payment_method_passthrough_fee": 50}),
        ),
        {
            "Stripe:Balance usd": 8_900,
            "Stripe:Processing usd": 320,
            "Platform usd": 700,
            "Stripe:Tax usd": 30,
            "Stripe:Passthrough usd": 50,
            "Sales usd": -10_000,
        },
    ),
    Example(
        "an application fee, and a part of it refunded",
        (
            event("application_fee.created", 6_000, application_fee(500)),
            transaction("txn_1", 6_000, "platform_earning", "fee_1", 500, "usd",
                        type="application_fee"),
            event("application_fee.refunded", 6_500,
                  application_fee(500, 200, refunds={"data": [
                      {"id": "fr_1", "object": "fee_refund", "created": 6_500, "amount": 200,
                       "currency": "usd", "fee": "fee_1"}]}),
                  amount_refunded=0),
            transaction("txn_2", 6_500, "platform_earning_refund", "fr_1", -200, "usd",
                        type="application_fee_refund"),
        ),
        {"Stripe:Balance usd": 300, "ApplicationFees usd": -300},
    ),
)  # fmt: skip

_OTHERS = (
    Example(
        "a top-up",
        (
            event("topup.created", 7_000, topup("pending")),
            event("topup.succeeded", 7_500, topup("succeeded"), status="pending"),
            transaction("txn_1", 7_500, "topup", "tu_1", 20_000, "usd"),
        ),
        {"Stripe:Balance usd": 20_000, "Bank:src_1 usd": -20_000},
        {1: {}},
    ),
    Example(
        "a top-up that the bank takes back",
        (
            event("topup.succeeded", 7_500, topup("succeeded"), status="pending"),
            transaction("txn_1", 7_500, "topup", "tu_1", 20_000, "usd"),
            event("topup.reversed", 8_000, topup("reversed"), status="succeeded"),
            transaction("txn_2", 8_000, "topup_reversal", "tu_1", -20_000, "usd"),
        ),
        {},
    ),
    Example(
        "a reserve that is held and released",
        (
            transaction("txn_1", 9_000, "reserve_hold", None, -1_000, "usd"),
            transaction("txn_2", 9_500, "reserve_release", None, 1_000, "usd"),
            transaction("txn_3", 9_600, "payout_minimum_balance_hold", None, -300, "usd"),
        ),
        {"Stripe:Balance usd": -300, "Stripe:Reserved usd": 300},
        {1: {"Stripe:Balance usd": -1_000, "Stripe:Reserved usd": 1_000}},
    ),
    Example(
        "Stripe's own fees",
        (
            transaction("txn_1", 9_000, "fee", None, -299, "usd", type="stripe_fee"),
            transaction("txn_2", 9_001, "network_cost", None, -80, "usd"),
            transaction("txn_3", 9_002, "tax", None, -57, "usd", type="tax_fee"),
            transaction("txn_4", 9_003, "fee", None, -12, "usd", type="stripe_fx_fee"),
            # What it counts as decides, not its type.
            transaction("txn_5", 9_004, "tax", None, -3, "usd", type="stripe_fee"),
        ),
        {
            "Stripe:Balance usd": -451,
            "Stripe:Services usd": 379,
            "Stripe:Tax usd": 60,
            "Stripe:FX usd": 12,
        },
    ),
    Example(
        "balances of other types",
        (
            transaction("txn_1", 9_000, "topup", "tu_1", 20_000, "usd", balance_type="issuing"),
            event("topup.succeeded", 7_500, topup("succeeded")),
            transaction("txn_2", 9_000, "fee", None, -5, "usd",
                        balance_type="refund_and_dispute_prefunding"),
        ),
        {
            "Stripe:Balance:Issuing usd": 20_000,
            "Stripe:Balance:Prefunding usd": -5,
            "Stripe:Services usd": 5,
            "Bank:src_1 usd": -20_000,
        },
    ),
    Example(
        "a category that nobody knows",
        (transaction("txn_1", 9_000, "lunar_settlement", "ch_1", -700, "usd"),),
        {"Stripe:Balance usd": -700, "Suspense:Unclassified usd": 700},
    ),
)  # fmt: skip

BALANCE = (*_PAYOUTS, *_TRANSFERS, *_OTHERS)
