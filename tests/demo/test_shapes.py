"""The shapes: what moved between API versions, and that a body shows the facts of its event."""

from __future__ import annotations

from typing import Any

import pytest

from api.simulator import API_VERSIONS, STORIES, story

_PATHS: dict[str, dict[str, str]] = {
    "payment_intent": {
        "failure_code": "last_payment_error.code",
        "failure_message": "last_payment_error.message",
        "decline_code": "last_payment_error.decline_code",
        "latest_charge": "latest_charge charges.data.0.id",
        "session": "payment_details.cs",
        "invoice": "invoice payment_details.in",
        "destination": "transfer_data.destination",
        "presentment_amount": "presentment_details.presentment_amount",
        "presentment_currency": "presentment_details.presentment_currency",
    },
    "charge": {
        "payment_method_type": "payment_method_details.type",
        "card_brand": "payment_method_details.card.brand",
        "card_last4": "payment_method_details.card.last4",
        "email": "billing_details.email",
        "name": "billing_details.name",
        "decline_code": "outcome.reason",
        "risk_level": "outcome.risk_level",
        "destination": "transfer_data.destination",
        "presentment_amount": "presentment_details.presentment_amount",
        "presentment_currency": "presentment_details.presentment_currency",
    },
    "refund": {
        "reference": "destination_details.card.reference "
        "destination_details.us_bank_account.reference",
    },
    "dispute": {
        "evidence_due_by": "evidence_details.due_by",
        "has_evidence": "evidence_details.has_evidence",
        "past_due": "evidence_details.past_due",
        "submission_count": "evidence_details.submission_count",
        "case_type": "payment_method_details.card.case_type",
        "network": "payment_method_details.card.network",
    },
    "checkout.session": {
        "amount": "amount_total",
        "amount_tax": "total_details.amount_tax",
        "amount_discount": "total_details.amount_discount",
        "amount_shipping": "total_details.amount_shipping",
        "email": "customer_details.email",
        "name": "customer_details.name",
    },
    "invoice": {
        "created": "created date",
        "subscription": "subscription parent.subscription_details.subscription",
        "paid_at": "status_transitions.paid_at",
        "finalized_at": "status_transitions.finalized_at finalized_at",
        "collection_method": "collection_method billing",
        "finalization_error": "last_finalization_error.code",
        "lines_has_more": "lines.has_more",
        "discount": "total_discount_amounts.0.amount",
        "tax": "tax total_taxes.0.amount",
    },
    "invoice_payment": {
        "amount": "amount_paid",
        "payment_intent": "payment.payment_intent",
        "charge": "payment.charge",
        "payment_record": "payment.payment_record",
    },
    "credit_note": {"refund": "refund refunds.0.refund"},
    "subscription": {
        "start_date": "start_date start",
        "collection_method": "collection_method billing",
        "items_has_more": "items.has_more",
        "pause_collection": "pause_collection.behavior",
        "resumes_at": "pause_collection.resumes_at",
        "paused_reason": "status_details.paused.subscription.type",
        "billing_mode": "billing_mode.type",
        "cancellation_reason": "cancellation_details.reason",
        "cancellation_feedback": "cancellation_details.feedback",
    },
    "subscription_schedule": {
        "subscription": "subscription released_subscription",
        "current_phase_start": "current_phase.start_date",
        "current_phase_end": "current_phase.end_date",
        "end_behavior": "end_behavior renewal_behavior",
    },
    "customer": {
        "balance": "balance account_balance",
        "country": "address.country",
        "default_payment_method": "invoice_settings.default_payment_method",
    },
    "price": {
        "interval": "recurring.interval",
        "interval_count": "recurring.interval_count",
        "usage_type": "recurring.usage_type",
        "meter": "recurring.meter",
    },
    "plan": {"unit_amount": "amount", "unit_amount_decimal": "amount_decimal"},
    "discount": {
        "coupon": "source.coupon coupon.id",
        "percent_off": "coupon.percent_off",
        "amount_off": "coupon.amount_off",
        "currency": "coupon.currency",
        "duration": "coupon.duration",
        "valid": "coupon.valid",
    },
    "payout": {"trace_id": "trace_id.value"},
    "topup": {"source": "source.id"},
    "application_fee": {
        "connected_account": "account",
        "fee_source": "fee_source.type",
        "payout": "fee_source.payout",
    },
    "account": {
        "business_name": "business_profile.name",
        "disabled_reason": "requirements.disabled_reason",
        "current_deadline": "requirements.current_deadline",
        "currently_due": "requirements.currently_due",
        "eventually_due": "requirements.eventually_due",
        "past_due": "requirements.past_due",
        "pending_verification": "requirements.pending_verification",
    },
}
"""Where facts are in a body that are not at its top, under their own name: one path or more."""
_DERIVED: dict[str, set[str]] = {
    "charge": {"money_received", "money_refunded"},
    "refund": {"money_refunded"},
    "dispute": {"transactions"},
    "checkout.session": {"status"},
    "invoice": {"lines"},
    "invoice_payment": {"detached"},
    "subscription": {
        "items",
        "discounts",
        "pending_update",
        "current_period_start",
        "current_period_end",
    },
    "subscription_schedule": {"phases"},
    "customer": {"deleted"},
    "product": {"deleted"},
    "price": {"deleted"},
    "plan": {"deleted", "type"},
    "coupon": {"deleted"},
    "discount": {"deleted"},
    "account": {"requirement_errors"},
    "transfer": {"reversals"},
}
"""Facts that are in no single place of a body."""
_NOTHING = (None, 0)
"""How a body says that there is none; a list of amounts is then empty, a date once was 0."""


def _shown(stripe_object: dict[str, Any], paths: str) -> Any:
    """Return the first value that is not null at some paths, null where none is there."""
    values = (_at(stripe_object, path.split(".")) for path in paths.split())
    return next((value for value in values if value is not None), None)


def _told_apart(intent: dict[str, Any]) -> dict[str, Any]:
    """Return a PaymentIntent whose order reference is named by what it refers to."""
    reference = intent.get("payment_details", {}).get("order_reference") or "none_"
    return {**intent, "payment_details": {reference.split("_")[0]: reference}}


def _at(value: Any, path: list[str]) -> Any:
    for key in path:
        if isinstance(value, list):
            value = value[int(key)] if len(value) > int(key) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


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
            paths = _PATHS.get(facts.object, {})
            if facts.object == "payment_intent":
                stripe_object = _told_apart(stripe_object)
            for field in facts.fields.keys() - _DERIVED.get(facts.object, set()):
                value, shown = facts.fields[field], _shown(stripe_object, paths.get(field, field))
                is_nothing = shown in _NOTHING and value in _NOTHING
                assert shown == value or is_nothing, (name, event["type"], field, shown)


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
