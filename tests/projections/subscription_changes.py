"""Subscriptions in the shapes in which Stripe ever sent them."""

from __future__ import annotations

from projections.kinds.subscription_items import ITEM as ITEM_FIELDS
from tests.projections.billing_changes import Shapes, ev
from tests.projections.cases import sub
from tests.projections.histories import Json

ITEM = {"id": "si_1", "quantity": 2}
PLAN = {"id": "plan_1", "amount": 500, "amount_decimal": "500.5", "interval": "month",
        "interval_count": 3, "product": "prod_1", "currency": "eur", "usage_type": "metered",
        "billing_scheme": "per_unit", "meter": "mtr_1", "nickname": "Gold"}  # fmt: skip
PRICE = {"id": "plan_1", "unit_amount": 500, "unit_amount_decimal": "500.5", "product": "prod_1",
         "currency": "EUR", "billing_scheme": "per_unit", "nickname": "Gold",
         "recurring": {"interval": "month", "interval_count": 3, "usage_type": "metered",
                       "meter": "mtr_1"}}  # fmt: skip
SOLD = {**dict.fromkeys(field.name for field in ITEM_FIELDS), "id": "si_1", "price": "plan_1",
        "product": "prod_1", "quantity": 2, "unit_amount": 500, "unit_amount_decimal": "500.5",
        "currency": "eur", "interval": "month", "interval_count": 3, "usage_type": "metered",
        "billing_scheme": "per_unit", "meter": "mtr_1", "nickname": "Gold"}  # fmt: skip


def item(start: int | None, end: int | None, **more: object) -> Json:
    return {"id": "si_1", "current_period_start": start, "current_period_end": end, **more}


# As ``CHANGES`` of test_upcasting.
SUBSCRIPTION_CHANGES: dict[str, tuple[str, Json, list[Shapes]]] = {
    "subscription item plan": ("subscriptions", {"items": [SOLD], "currency": "eur"}, [
        [ev(sub("active", plan=PLAN, quantity=2, items={"data": [{**ITEM, "plan": PLAN}]}))],
        [ev(sub("active", items={"data": [{**ITEM, "plan": PLAN, "price": PRICE}]}))],
        [ev(sub("active", currency="eur", items={"data": [{**ITEM, "price": PRICE}]}))]]),
    "subscription before items": ("subscriptions", {"items": [{**SOLD, "id": None}]}, [
        [ev(sub("active", plan={**PLAN, "nickname": None, "name": "Gold"}, quantity=2))],
        [ev(sub("active", plan=PLAN, quantity=2))]]),
    "subscription without a plan or items": ("subscriptions", {"items": None}, [
        [ev(sub("active"))], [ev(sub("active", plan=None))]]),
    "subscription item": ("subscriptions",
        {"items": [{**dict.fromkeys(SOLD), **item(10, 20), "price": "price_1", "lookup_key": "gold",
                    "trial_start": 11, "trial_end": 12}], "items_has_more": True}, [
        [ev(sub("active", items={"has_more": True, "data": [
            item(10, 20, price={"id": "price_1", "lookup_key": "gold"},
                 current_trial={"start_date": 11, "end_date": 12})]}))]]),
    "subscription current_period": ("subscriptions",
        {"current_period_start": 15, "current_period_end": 20}, [
        [ev(sub("active", current_period_start=15, current_period_end=20))],
        # Of mixed intervals Stripe itself wrote the shortest on top, beside those of the items.
        [ev(sub("active", current_period_start=15, current_period_end=20,
                items={"data": [item(10, 12)]}))],
        [ev(sub("active", items={"data": [item(10, 30), item(15, 20), item(None, None)]}))],
        [ev(sub("active", items={"data": [item(10, 20), item(15, 20), item(20, 90)]}))]]),
    "subscription whose items have no period": ("subscriptions",
        {"items": [{**dict.fromkeys(SOLD), **item(15, 20)}]}, [
        [ev(sub("active", current_period_start=15, current_period_end=20,
                items={"data": [{"id": "si_1"}]}))],
        [ev(sub("active", items={"data": [item(15, 20)]}))]]),
    "subscription without a period": ("subscriptions",
        {"current_period_start": None, "current_period_end": None}, [
        [ev(sub("active", items={"data": [item(None, None)]}))]]),
    "subscription paused": ("subscriptions", {"status": "paused"}, [
        [ev(sub("paused"))], [ev(sub("paused", status_details={"paused": {"type": "system"}}))]]),
    "subscription paused_reason": ("subscriptions", {"paused_reason": "pause_requested"}, [
        [ev(sub("paused", status_details={"paused": {
            "type": "subscription", "subscription": {"type": "pause_requested"}}}))]]),
    "subscription pause_collection": ("subscriptions",
        {"pause_collection": "void", "resumes_at": 90, "status": "active"}, [
        [ev(sub("active", pause_collection={"behavior": "void", "resumes_at": 90}))]]),
    "subscription customer_account": ("subscriptions",
        {"customer": "cus_5", "customer_account": "acct_5"}, [
        [ev(sub("active", customer="cus_5", customer_account="acct_5"))]]),
    "subscription discount": ("subscriptions", {"discounts": ["di_1"]}, [
        [ev(sub("active", discount={"id": "di_1", "object": "discount", "coupon": {"id": "A"}}))],
        [ev(sub("active", discounts=[{"id": "di_1", "object": "discount"}]))],
        [ev(sub("active", discounts=["di_1"]))]]),
    "subscription without a discount": ("subscriptions", {"discounts": []}, [
        [ev(sub("active", discount=None))], [ev(sub("active", discounts=[]))]]),
    "subscription discount without an id": ("subscriptions", {"discounts": None}, [
        [ev(sub("active", discount={"object": "discount", "coupon": {"id": "A"}}))]]),
    "subscription pending_update": ("subscriptions", {"pending_update": True}, [
        [ev(sub("active", pending_update={"expires_at": 5, "subscription_items": [{}]}))]]),
    "subscription without a pending_update": ("subscriptions", {"pending_update": False}, [
        [ev(sub("active", pending_update=None))]]),
    "subscription ended": ("subscriptions",
        {"ends_at": 5, "cancellation_reason": "payment_failed", "cancellation_feedback": "unused"},
        [[ev(sub("canceled", ended_at=5, cancel_at=9, cancellation_details={
            "reason": "payment_failed", "feedback": "unused"}))]]),
    "subscription that will end": ("subscriptions", {"ends_at": 20}, [
        [ev(sub("active", ended_at=None, cancel_at=20, cancel_at_period_end=False))],
        [ev(sub("active", cancel_at_period_end=True, current_period_end=20))],
        [ev(sub("active", cancel_at_period_end=True, items={"data": [item(10, 20)]}))]]),
    "subscription that goes on": ("subscriptions", {"ends_at": None}, [
        [ev(sub("active", cancel_at_period_end=False, items={"data": [item(10, 20)]}))]]),
    "subscription of a session": ("subscriptions",
        {"checkout_session": "cs_1", "client_reference_id": "user-42"}, [
        [ev(sub("active")), ev({"id": "cs_1", "object": "checkout.session", "created": 1,
            "mode": "subscription", "subscription": "sub_1", "client_reference_id": "user-42"},
            "checkout.session.completed")]]),
    "subscription": ("subscriptions",
        {"schedule": "sub_sched_1", "billing_mode": "flexible", "application_fee_percent": 2.5,
         "on_behalf_of": "acct_5"}, [
        [ev(sub("active", schedule="sub_sched_1", billing_mode={"type": "flexible"},
                application_fee_percent=2.5, on_behalf_of="acct_5"))]]),
}  # fmt: skip
