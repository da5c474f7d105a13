"""The shapes: what moved between API versions, and that a body shows the facts of its event."""

from __future__ import annotations

from typing import Any

import pytest

from api.simulator import API_VERSIONS, STORIES, story

ELSEWHERE = {
    "payment_intent": {"failure_code", "failure_message", "latest_charge", "session", "invoice"},
    "charge": {"money_received", "money_refunded", "payment_method_type"},
    "refund": {"money_refunded"},
    "dispute": {"evidence_due_by", "transactions"},
    "checkout.session": {"amount", "status"},
    "invoice": {"created", "subscription", "paid_at", "collection_method"},
    "subscription": {
        "items",
        "pause_collection",
        "start_date",
        "collection_method",
        "current_period_start",
        "current_period_end",
    },
    "account": {"disabled_reason", "currently_due", "past_due"},
    "invoice_payment": {"payment_intent"},
}
"""Facts that some version has under another name, deeper, or in no single field."""


def _object(name: str, event_type: str, version: str) -> dict[str, Any]:
    history = story(name, api_version=version)
    event = next(e for e in history.events if e["type"] == event_type)
    stripe_object: dict[str, Any] = event["data"]["object"]
    return stripe_object


@pytest.mark.parametrize("version", API_VERSIONS)
def test_a_body_shows_every_fact_of_its_event(version: str) -> None:
    """The facts of an event are never more than its body shows in its API version."""
    for name in STORIES:
        history = story(name, api_version=version)
        for event, event_facts in zip(history.events, history.event_facts, strict=True):
            facts, stripe_object = event_facts.objects[0], event["data"]["object"]
            assert (facts.object, facts.id) == (stripe_object["object"], stripe_object["id"])
            for field, value in facts.fields.items():
                if field in ELSEWHERE.get(facts.object, ()):
                    continue
                assert stripe_object[field] == value, (name, event["type"], field)


def test_a_payment_intent_embeds_its_charges_until_2022_11_15() -> None:
    """`charges.data`, newest first, became `latest_charge`."""
    old = _object("declined_then_paid", "payment_intent.succeeded", "2020-08-27")
    new = _object("declined_then_paid", "payment_intent.succeeded", "2022-11-15")

    assert old["charges"]["data"][0]["id"] == new["latest_charge"]
    assert len(old["charges"]["data"]) == 2
    assert "charges" not in new and "latest_charge" not in old


def test_a_charge_embeds_its_refunds_until_2022_11_15() -> None:
    """Before, refunds are embedded in `charge.refunded`; later they have events of their own."""
    old = _object("refund_that_fails", "charge.refunded", "2022-08-01")
    new = _object("refund_that_fails", "charge.refunded", "2022-11-15")

    assert [r["amount"] for r in old["refunds"]["data"]] == [3_000]
    assert "refunds" not in new


def test_a_charge_has_amount_captured_since_2020_08_27() -> None:
    """`amount_captured` is absent before."""
    story_and_type = ("authorised_then_partly_captured", "charge.captured")

    assert "amount_captured" not in _object(*story_and_type, "2020-03-02")
    assert _object(*story_and_type, "2020-08-27")["amount_captured"] == 6_000


def test_refunds_and_disputes_name_their_payment_intent_since_2019_11_05() -> None:
    """Before, they only name the charge."""
    for name, event_type in (
        ("refund_that_fails", "charge.refund.updated"),
        ("dispute_won", "charge.dispute.created"),
    ):
        assert "payment_intent" not in _object(name, event_type, "2019-03-14")
        assert _object(name, event_type, "2019-11-05")["payment_intent"].startswith("pi_")


def test_basil_moves_the_links_of_an_invoice() -> None:
    """The subscription moves to `parent`; only an InvoicePayment names the payment."""
    name = "first_payment_in_one_second"
    old = _object(name, "invoice.paid", "2024-10-28.acacia")
    new = _object(name, "invoice.paid", "2025-05-28.basil")
    payment = _object(name, "invoice_payment.paid", "2025-05-28.basil")

    assert new["parent"]["subscription_details"]["subscription"] == old["subscription"]
    assert "subscription" not in new and "payment_intent" not in new
    assert payment["payment"]["payment_intent"] == old["payment_intent"]
    assert payment["invoice"] == old["id"]


def test_basil_moves_the_period_of_a_subscription_to_its_items() -> None:
    """`current_period_*` are fields of each item, no longer of the subscription."""
    name, event_type = "undone_cancellation", "customer.subscription.created"
    old = _object(name, event_type, "2024-06-20")
    new = _object(name, event_type, "2025-03-31.basil")

    assert new["items"]["data"][0]["current_period_end"] == old["current_period_end"]
    assert "current_period_end" not in new


def test_the_oldest_shapes_have_plans_billing_and_start() -> None:
    """Plans became prices in 2020; `billing` and `start` were renamed in 2019."""
    name, event_type = "undone_cancellation", "customer.subscription.created"
    old = _object(name, event_type, "2019-02-11")
    new = _object(name, event_type, "2020-08-27")

    assert old["billing"] == new["collection_method"]
    assert old["start"] == new["start_date"]
    assert old["plan"]["amount"] == new["items"]["data"][0]["price"]["unit_amount"]
    assert "price" not in old["items"]["data"][0] and "plan" not in new


def test_the_failed_asynchronous_payment_is_in_the_type_alone() -> None:
    """The session's snapshot is the one it completed with."""
    history = story("async_payment_fails")
    session_events = [e for e in history.events if e["type"].startswith("checkout.session.")]

    assert [e["type"].rsplit("_", 1)[-1] for e in session_events][-1] == "failed"
    assert session_events[0]["data"]["object"] == session_events[1]["data"]["object"]


def test_one_failed_refund_is_three_events_with_one_snapshot() -> None:
    """refund.updated, charge.refund.updated and refund.failed; before 2024-10-28 only one."""
    new = [e for e in story("refund_that_fails").events if "refund." in e["type"]][-3:]
    old = story("refund_that_fails", api_version="2024-06-20").events[-1]

    assert {e["type"] for e in new} == {"refund.updated", "charge.refund.updated", "refund.failed"}
    assert new[0]["data"]["object"] == new[1]["data"]["object"] == new[2]["data"]["object"]
    assert old["type"] == "charge.refund.updated"
