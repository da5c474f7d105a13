"""Small histories of what is deleted, released or over: no late or stale snapshot undoes that."""

from __future__ import annotations

from typing import Any

from tests.projections.billing_changes import credit_note, customer, plan, price, schedule, warning
from tests.projections.cases import Case, event, is_, make_case
from tests.projections.histories import Json


def coupon(created: int, **more: Any) -> Json:
    return {"id": "SUMMER", "object": "coupon", "created": created, "valid": True, **more}


DELETION_CASES: dict[str, Case] = {
    "customer deleted before a late update": make_case(
        "customers",
        (event("customer.created", 100, customer(email="a@example.com")),
         {"deleted": False, "email": "a@example.com"}),
        (event("customer.deleted", 200, customer(email="b@example.com")),
         {"deleted": True, "email": "b@example.com"}),
        (event("customer.updated", 201, customer(email="c@example.com", name="A. Buyer"),
               {"email": "b@example.com"}),
         {"deleted": True, "email": "b@example.com", "name": "A. Buyer", "events": 3}),
    ),
    "customer updated and deleted in one second": make_case(
        "customers",
        (event("customer.updated", 300, customer(balance=5)), {"deleted": False, "balance": 5}),
        (event("customer.deleted", 300, customer(balance=0)), {"deleted": True, "balance": 0}),
    ),
    "price and plan deleted, one after the other": make_case(
        "prices",
        (event("plan.created", 100, plan(amount=500, nickname="Gold")),
         {"deleted": False, "unit_amount": 500, "type": "recurring"}),
        (event("price.created", 100, price(unit_amount=500, nickname=None)),
         {"deleted": False, "unit_amount": 500, "nickname": None}),
        (event("plan.deleted", 200, plan(amount=500)), {"deleted": True}),
        (event("price.updated", 300, price(unit_amount=600)),
         {"deleted": True, "unit_amount": 600, "events": 4}),
    ),
    "a deleted coupon whose id is used again": make_case(
        "coupons",
        (event("coupon.created", 100, coupon(1, percent_off=10)),
         {"deleted": False, "percent_off": 10}),
        (event("coupon.deleted", 200, coupon(1, percent_off=10)),
         {"deleted": True, "created": 1}),
        (event("coupon.updated", 250, coupon(1, percent_off=10)), {"deleted": True}),
        (event("coupon.created", 300, coupon(300, percent_off=20)),
         {"deleted": False, "percent_off": 20, "created": 300}),
        (event("coupon.deleted", 400, coupon(300, percent_off=20)),
         {"deleted": True, "percent_off": 20}),
    ),
    "schedule released before a stale update": make_case(
        "subscription_schedules",
        (event("subscription_schedule.created", 100, schedule(status="not_started")),
         is_("not_started")),
        (event("subscription_schedule.updated", 200, schedule(status="active")), is_("active")),
        (event("subscription_schedule.released", 200, schedule(status="released")),
         is_("released")),
        (event("subscription_schedule.updated", 201, schedule(status="active")),
         is_("released")),
    ),
    "credit note voided within its second": make_case(
        "credit_notes",
        (event("credit_note.created", 300, credit_note()), is_("issued")),
        (event("credit_note.updated", 300, credit_note(memo="a")), is_("issued")),
        (event("credit_note.voided", 300, credit_note(status="void")), is_("void")),
    ),
    "warning that a refund ended within its second": make_case(
        "early_fraud_warnings",
        (event("radar.early_fraud_warning.updated", 300, warning()), {"actionable": True}),
        (event("radar.early_fraud_warning.created", 300, warning(actionable=False)),
         {"actionable": False}),
    ),
}  # fmt: skip
