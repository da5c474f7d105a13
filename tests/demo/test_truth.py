"""The simulator's truth, for stories whose outcome is stated by hand."""

from __future__ import annotations

from typing import Any

import pytest

from api.simulator import API_VERSIONS, Row, Story, story

DAY = 86_400
ORDERS: dict[str, dict[str, Any]] = {
    "order_with_3ds_and_partial_refund": {
        "status": "partially_refunded",
        "amount_received": 10_000,
        "amount_refunded": 2_500,
    },
    "full_refund": {"status": "refunded"},
    "refund_that_fails": {"status": "paid", "amount_received": 8_000, "amount_refunded": 0},
    "refund_fails_then_charge_is_seen_again": {"status": "paid", "amount_refunded": 0},
    "refund_fails_and_is_repeated": {"status": "refunded"},
    "refund_canceled_while_pending": {"status": "paid", "amount_refunded": 0},
    "authorised_then_captured": {"status": "paid", "amount_refunded": 0},
    "authorised_then_partly_captured": {
        "status": "partially_refunded",
        "amount": 10_000,
        "amount_received": 6_000,
        "amount_refunded": 1_000,
    },
    "partly_captured_refund_fails": {
        "status": "paid",
        "amount_received": 6_000,
        "amount_refunded": 0,
    },
    "authorisation_voided": {"status": "canceled", "amount_received": 0, "amount_refunded": 0},
    "authorisation_expired": {"status": "canceled", "amount_received": 0, "amount_refunded": 0},
    "authorised_charge_without_intent": {"status": "canceled", "amount_refunded": 0},
    "charge_without_intent": {"status": "partially_refunded"},
    "failed_charge_without_intent": {"status": "failed", "failure_code": "card_declined"},
    "declined_then_paid": {"status": "paid", "failure_code": None},
    "declined_and_left": {"status": "failed", "failure_code": "card_declined"},
    "canceled_intent": {"status": "canceled", "charge": None},
    "bank_debit_succeeds": {"status": "paid", "payment_method_type": "us_bank_account"},
    "bank_debit_bounces": {"status": "failed", "amount_received": 0, "paid_at": None},
    "dispute_won": {"status": "paid", "dispute_status": "won", "amount_disputed": 0},
    "dispute_lost": {"status": "paid", "dispute_status": "lost"},
    "inquiry_closed": {"dispute_status": "warning_closed", "amount_disputed": 0},
    "async_payment_fails": {"status": "failed", "paid_at": None},
    "async_payment_succeeds": {"status": "paid"},
    "expired_session": {"status": "expired", "charge": None, "customer": None},
    "live_order": {"status": "paid", "livemode": True},
}


def _order(history: Story, at: int | None = None) -> Row:
    orders = history.truth(at)["orders"]
    assert len(orders) == 1
    return next(iter(orders.values()))


@pytest.mark.parametrize("version", [*API_VERSIONS, API_VERSIONS], ids=str)
@pytest.mark.parametrize("name", ORDERS)
def test_the_order_ends_as_the_story_says(name: str, version: Any) -> None:
    """An order's end is the same in every API version, and in all of them mixed."""
    row = _order(story(name, api_version=version))

    assert {field: row[field] for field in ORDERS[name]} == ORDERS[name]


def test_a_partial_refund_second_by_second() -> None:
    """Incomplete, waiting for authentication, paid, partially refunded."""
    history = story("order_with_3ds_and_partial_refund", start=1_000_000)
    states = [(s - 1_000_000, _order(history, s)["status"]) for s in history.seconds()]

    assert states == [
        (0, "incomplete"),
        (2, "requires_action"),
        (43, "paid"),
        (43 + 2 * DAY, "partially_refunded"),
    ]
    assert _order(history)["paid_at"] == 1_000_043
    assert _order(history)["events"] == 6


def test_nothing_is_known_before_the_first_event() -> None:
    """There is no row in the second before."""
    history = story("full_refund")

    assert not any(history.truth(history.seconds()[0] - 1).values())


def test_an_embedded_refund_is_a_row_with_its_charges_event() -> None:
    """Before 2022-11-15 a refund is embedded in `charge.refunded`, and that event is its own."""
    old = story("full_refund", api_version="2020-08-27").truth()["refunds"]
    without_event = story("full_refund", api_version="2022-11-15").truth()["refunds"]
    new = story("full_refund", api_version="2026-10-28.endive").truth()["refunds"]

    assert sorted(row["events"] for row in old.values()) == [1, 2]
    assert without_event == {}
    assert [row["events"] for row in new.values()] == [1, 1]


def test_a_refund_finds_its_order_through_its_charge() -> None:
    """In 2019-02-11 a refund names only the charge, which names the PaymentIntent."""
    truth = story("refund_that_fails", api_version="2019-02-11").truth()
    (refund,) = truth["refunds"].values()

    assert [refund["order"]] == list(truth["orders"])
    assert refund["status"] == "failed"


def test_a_charge_that_names_no_intent_merges_into_the_intents_order() -> None:
    """There are two orders for two seconds, until the PaymentIntent names the charge."""
    history = story("charge_that_names_no_intent")
    first, second, third, *_ = history.seconds()

    assert len(history.truth(first)["orders"]) == 1
    assert len(history.truth(second)["orders"]) == 2
    assert _order(history, third)["status"] == "paid"


def test_the_order_of_a_session_before_its_intent_has_the_intents_id() -> None:
    """The session names a PaymentIntent that has no event yet: its id is the order's."""
    history = story("session_before_its_intent")
    row = _order(history, history.seconds()[0])

    assert row["id"].startswith("pi_")
    assert row["created"] == history.seconds()[0]


def test_an_intent_names_its_session_since_2025_10_29() -> None:
    """Before, nothing links a session that names no PaymentIntent."""
    name = "session_named_by_its_intent"

    assert len(story(name, api_version="2025-05-28.basil").truth()["orders"]) == 2
    assert len(story(name, api_version="2025-10-29.clover").truth()["orders"]) == 1


def test_a_session_that_sells_a_subscription_is_no_order() -> None:
    """Only the subscription's payment is one."""
    for version in API_VERSIONS:
        row = _order(story("checkout_of_a_subscription", api_version=version))

        assert row["id"].startswith("pi_")
        assert row["checkout_session"] is None


def test_a_dispute_won_on_appeal_costs_only_the_fee() -> None:
    """The money is withdrawn once and reinstated once; only the fee is lost."""
    (row,) = story("dispute_won_on_appeal").truth()["disputes"].values()

    assert row["status"] == "won"
    assert (row["net"], row["fees"]) == (-1_500, 1_500)
    assert row["funds_withdrawn_at"] < row["funds_reinstated_at"] == row["updated"]


def test_an_inquiry_withdraws_money_only_when_it_escalates() -> None:
    """Nothing is withdrawn while the bank only inquires."""
    history = story("inquiry_that_escalates")
    inquired, escalated = history.seconds()[2], history.seconds()[3]
    (before,) = history.truth(inquired)["disputes"].values()
    (after,) = history.truth(escalated)["disputes"].values()

    assert (before["net"], before["net_currency"]) == (0, None)
    assert after["net"] == -after["amount"] - 1_500
    assert after["funds_withdrawn_at"] == escalated


def test_no_event_names_an_invoices_payment_in_the_first_basil() -> None:
    """2025-03-31 removed the link, 2025-05-28 brought it back as an object of its own."""
    orders = {
        version: next(
            iter(
                story("invoice_paid_in_one_second", api_version=version)
                .truth()["invoices"]
                .values()
            )
        )["order"]
        for version in ("2024-06-20", "2025-03-31.basil", "2025-05-28.basil")
    }

    assert orders["2025-03-31.basil"] is None
    assert orders["2024-06-20"] == orders["2025-05-28.basil"] is not None


def test_a_deleted_draft_is_deleted() -> None:
    """Its status is `deleted`, though the last snapshot still has `draft`."""
    (row,) = story("invoice_deleted").truth()["invoices"].values()

    assert row["status"] == "deleted"


def test_an_invoice_paid_in_one_second() -> None:
    """It is paid in full, by an order that names its invoice."""
    history = story("invoice_paid_in_one_second")
    (row,) = history.truth()["invoices"].values()

    assert (row["status"], row["amount_remaining"], row["attempt_count"]) == ("paid", 0, 1)
    assert _order(history)["invoice"] == row["id"]
    assert row["order"] == _order(history)["id"]


def test_a_trial_that_lapses() -> None:
    """It is trialing, active, past due, canceled; the last invoice was never paid."""
    history = story("trial_that_converts_and_lapses")
    (row,) = history.truth()["subscriptions"].values()
    statuses = [
        next(iter(history.truth(s)["subscriptions"].values()))["status"] for s in history.seconds()
    ]

    assert list(dict.fromkeys(statuses)) == ["trialing", "active", "past_due", "canceled"]
    assert row["latest_invoice_status"] == "open"
    assert row["ended_at"] == history.seconds()[-1]


def test_a_cancellation_undone_leaves_no_trace() -> None:
    """Only `events` and `updated` differ afterwards."""
    history = story("undone_cancellation")
    (before,) = history.truth(history.seconds()[0])["subscriptions"].values()
    (after,) = history.truth()["subscriptions"].values()

    assert {k for k in after if after[k] != before[k]} == {"updated", "events"}


@pytest.mark.parametrize("name", ["past_due_for_less_than_a_second", "three_changes_in_one_second"])
def test_past_due_for_less_than_a_second_ends_active(name: str) -> None:
    """The status is that of the last change, in the order in which they happened."""
    (row,) = story(name).truth()["subscriptions"].values()

    assert row["status"] == "active"


def test_a_paid_payout_fails() -> None:
    """It has both times; its status is the last one."""
    (row,) = story("payout_paid_then_failed").truth()["payouts"].values()

    assert row["status"] == "failed"
    assert row["failed_at"] - row["paid_at"] == 3 * DAY
    assert row["failure_code"] == "account_closed"


def test_a_reversed_payout_and_its_reversal_name_each_other() -> None:
    """`original_payout` links one way, `reversed_by` the other."""
    payout, reversal = sorted(
        story("payout_reversed").truth()["payouts"].values(), key=lambda row: -row["amount"]
    )

    assert payout["reversed_by"] == reversal["id"]
    assert reversal["original_payout"] == payout["id"]


def test_access_given_again_is_access() -> None:
    """`deauthorized_at` follows the newer of authorized and deauthorized."""
    history = story("access_given_taken_given")
    deauthorized_at = [
        next(iter(history.truth(s)["accounts"].values()))["deauthorized_at"]
        for s in history.seconds()
    ]

    assert deauthorized_at == [None, history.seconds()[1], None]


def test_twins_change_nothing_but_the_count() -> None:
    """A second Event object for the same change is counted, and has no other effect."""
    row = _order(story("twins"))
    types = [event["type"] for event in story("twins").events]

    assert row["status"] == "paid"
    assert row["events"] == len(types) > len(set(types))


def test_refunds_and_disputes_make_no_order() -> None:
    """They may name an order that has no event; in 2019-02-11 they name none."""
    for name, kind in (
        ("refund_of_an_unheard_charge", "refunds"),
        ("dispute_of_an_unheard_charge", "disputes"),
    ):
        for version, is_named in (("2019-02-11", False), ("2019-11-05", True)):
            truth = story(name, api_version=version).truth()
            (row,) = truth[kind].values()

            assert truth["orders"] == {}
            assert (row["order"] is not None) == is_named


def test_accounts_do_not_mix() -> None:
    """Each order has its own account; only one was refunded."""
    rows = story("two_accounts").truth()["orders"].values()

    assert len({row["account"] for row in rows}) == 2
    assert sorted(row["status"] for row in rows) == ["paid", "refunded"]


def test_an_organisations_event_names_the_account_in_its_context() -> None:
    """`context` of the envelope is the row's account."""
    history = story("organisation_order")

    assert _order(history)["account"] == history.events[0]["context"]
    assert all("account" not in event for event in history.events)
