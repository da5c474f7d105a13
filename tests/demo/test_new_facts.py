"""Facts that stories bring in: of customers, prices, coupons, schedules, warnings, accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.simulator import API_VERSIONS, STORIES, story
from tests.demo.truths import row_of, rows_of, values_over_time

ROWS: dict[tuple[str, str], dict[str, Any]] = {
    ("oxxo_voucher", "orders"): {"status": "paid", "payment_method_type": "oxxo"},
    ("early_fraud_warning_then_refund", "orders"): {
        "status": "refunded",
        "early_fraud_warning": "made_with_stolen_card",
        "risk_level": "elevated",
    },
    ("early_fraud_warning_then_dispute", "orders"): {
        "early_fraud_warning": "unauthorized_use_of_card",
    },
    ("early_fraud_warning_then_refund", "early_fraud_warnings"): {"actionable": False},
    ("marketplace_payment", "orders"): {"application_fee_amount": 250},
    ("declined_and_left", "orders"): {"decline_code": "insufficient_funds"},
    ("nothing_to_pay", "orders"): {"status": "paid", "paid_at": None},
    ("dispute_born_lost", "disputes"): {
        "status": "lost",
        "evidence_due_by": None,
        "past_due": True,
        "has_evidence": False,
    },
    ("checkout_by_payment_link", "orders"): {
        "amount": 6_350,
        "amount_subtotal": 6_000,
        "amount_discount": 1_000,
        "amount_shipping": 900,
        "amount_tax": 450,
        "presentment_amount": 5_870,
        "presentment_currency": "eur",
    },
    ("customer_buys_and_is_deleted", "customers"): {"deleted": True, "currency": "eur"},
    ("product_deleted", "products"): {"deleted": True},
    ("product_deleted", "prices"): {"deleted": True, "type": "one_time", "interval": None},
    ("metered_price", "prices"): {
        "unit_amount": None,
        "unit_amount_decimal": "0.3",
        "usage_type": "metered",
    },
    ("customers_discount_prolonged", "coupons"): {"amount_off": 500, "valid": False},
    ("requirements_met_in_one_second", "accounts"): {"currently_due": []},
    ("capability_turned_off", "accounts"): {
        "capabilities": {"card_payments": "inactive", "transfers": "active"},
    },
    ("scheduled_downgrade_released", "subscriptions"): {"schedule": None},
    ("scheduled_downgrade_released", "subscription_schedules"): {"status": "released"},
    ("paused_subscription", "subscriptions"): {"status": "active", "paused_reason": None},
    ("invoice_that_cannot_be_finalized", "invoices"): {
        "status": "deleted",
        "finalization_error": "customer_tax_location_invalid",
    },
}


@pytest.mark.parametrize(("name", "kind"), ROWS, ids="-".join)
def test_a_story_ends_as_it_says(name: str, kind: str) -> None:
    """The only row of a kind, in the newest version."""
    row = row_of(kind, name)

    assert {field: row[field] for field in ROWS[name, kind]} == ROWS[name, kind]


def _non_empty(version: str) -> Iterator[tuple[str, str]]:
    """Yield every field, with its kind, that is more than nothing in some second of a story."""
    for name in STORIES:
        history = story(name, api_version=version, account="acct_1")
        for second in history.seconds():
            for kind, rows in history.truth(second).items():
                for row in rows.values():
                    yield from ((kind, f) for f, v in row.items() if v not in (None, [], {}))


def test_every_field_of_the_truth_has_a_value_in_some_story() -> None:
    """There is no field that every story leaves empty, and no kind without a row."""
    filled = set(_non_empty(API_VERSIONS[-1])) | set(_non_empty("2024-10-28.acacia"))
    truths = [story(name).truth() for name in STORIES]
    fields = {
        (kind, field)
        for truth in truths
        for kind, rows in truth.items()
        for row in rows.values()
        for field in row
    }

    assert {kind for kind, _ in filled} == set(truths[0])
    # Stripe gives these no metadata, and of a transaction's payout no event tells.
    assert fields - filled == {
        ("application_fees", "metadata"),
        ("balance_transactions", "metadata"),
        ("balance_transactions", "payout"),
        ("discounts", "metadata"),
        ("early_fraud_warnings", "metadata"),
    }


def test_a_subscription_is_lent_its_checkout() -> None:
    """The session that sold it lends its id and its reference."""
    row = row_of("subscriptions", "checkout_of_a_subscription")

    assert row["checkout_session"].startswith("cs_test_")
    assert row["client_reference_id"].startswith("basket-")


def test_a_subscription_ends_when_it_ended_or_will() -> None:
    """Ended, else to be canceled at a time, else at the period's end."""
    assert values_over_time(story("mixed_intervals"), "subscriptions", "ends_at")[0] is None
    mixed = row_of("subscriptions", "mixed_intervals")
    assert mixed["ends_at"] == mixed["current_period_end"]
    canceled = row_of("subscriptions", "canceled_at_period_end")
    assert canceled["ends_at"] == canceled["ended_at"]


def test_mixed_intervals_have_the_period_of_the_item_that_ends_first() -> None:
    """The subscription's period is the monthly item's, though the yearly one stands first."""
    for version in ("2024-10-28.acacia", None):
        row = row_of("subscriptions", "mixed_intervals", version)

        assert row["current_period_end"] - row["current_period_start"] == 30 * 86_400
        assert row["items"][0]["interval"] == "year"
    yearly, monthly = row["items"]
    assert monthly["current_period_end"] == row["current_period_end"]
    assert yearly["current_period_end"] > monthly["current_period_end"]


def test_the_seats_are_those_of_the_last_change_in_the_second() -> None:
    """Only `previous_attributes`, deep in a list, say which of both came last."""
    history = story("seats_changed_in_one_second")
    first, last = history.events[-2:]
    seats = [e["data"]["object"]["items"]["data"][0]["quantity"] for e in (first, last)]
    before = last["data"]["previous_attributes"]["items"]["data"][0]["quantity"]

    assert first["created"] == last["created"]
    assert (seats, before) == ([2, 3], 2)
    assert row_of("subscriptions", "seats_changed_in_one_second")["items"][0]["quantity"] == 3


def test_a_discount_knows_its_coupons_terms_until_2025_09_30() -> None:
    """Then it embeds its coupon, later it only names it."""
    name = "subscription_with_a_coupon"
    old = row_of("discounts", name, "2024-10-28.acacia")
    new = row_of("discounts", name)

    assert (old["percent_off"], new["percent_off"]) == (25.0, None)
    assert old["coupon"] == new["coupon"] == row_of("coupons", name)["id"]


def test_a_plan_is_a_price() -> None:
    """Before 2020-03-02 only plans are told, since then both: one row, with all their events."""
    old = rows_of("prices", "metered_price", "2019-02-11")
    new = rows_of("prices", "metered_price")

    assert [row["events"] for row in (*old, *new)] == [1, 2]
    assert [row["unit_amount_decimal"] for row in (*old, *new)] == ["0.3", "0.3"]


def test_a_customer_who_is_an_account_has_both_ids_since_2025_12_15() -> None:
    """Before, only the customer's."""
    old = row_of("orders", "order_of_a_v2_account", "2025-10-29.clover")
    new = row_of("orders", "order_of_a_v2_account")

    assert old["customer"] == new["customer"]
    assert old["customer_account"] is None
    assert new["customer_account"].startswith("acct_")
