"""What people sell and to whom, in the shapes in which Stripe ever sent it."""

from __future__ import annotations

from typing import Any

from tests.projections.cases import event, sub
from tests.projections.histories import Json

Shapes = list[Json]


def ev(object: Json, type: str | None = None, created: int = 100, **more: Any) -> Json:
    """An event about an object."""
    return event(type or f"{object['object']}.updated", created, object, **more)


def customer(**more: Any) -> Json:
    return {"id": "cus_1", "object": "customer", "created": 1, **more}


def price(**more: Any) -> Json:
    return {"id": "price_1", "object": "price", "created": 1, "currency": "EUR",
            "type": "recurring", **more}  # fmt: skip


def plan(**more: Any) -> Json:
    return {"id": "price_1", "object": "plan", "created": 1, "currency": "eur", **more}


def discount(**more: Any) -> Json:
    return {"id": "di_1", "object": "discount", "start": 5, "end": None, **more}


def schedule(**more: Any) -> Json:
    return {"id": "sub_sched_1", "object": "subscription_schedule", "created": 1, **more}


def credit_note(**more: Any) -> Json:
    return {"id": "cn_1", "object": "credit_note", "created": 1, "status": "issued",
            "amount": 500, "currency": "eur", "invoice": "in_1", **more}  # fmt: skip


def warning(**more: Any) -> Json:
    return {"id": "issfr_1", "object": "radar.early_fraud_warning", "created": 1,
            "charge": "ch_1", "fraud_type": "made_with_stolen_card", "actionable": True,
            **more}  # fmt: skip


_RECURRING = {"interval": "month", "interval_count": 3, "usage_type": "metered", "meter": "mtr_1"}
_COUPON = {"id": "SUMMER", "object": "coupon", "percent_off": 12.5, "amount_off": None,
           "currency": None, "duration": "once", "valid": True}  # fmt: skip
_PHASE = {"start_date": 10, "end_date": 20}

# As ``CHANGES`` of test_upcasting.
BILLING_CHANGES: dict[str, tuple[str, Json, list[Shapes]]] = {
    "customer account_balance": ("customers", {"balance": -500}, [
        [ev(customer(account_balance=-500))], [ev(customer(balance=-500))]]),
    "customer default payment method": ("customers", {"default_payment_method": "pm_1"}, [
        [ev(customer(default_card="pm_1"))],
        [ev(customer(default_source="pm_1"))],
        [ev(customer(default_source={"id": "pm_1", "object": "card"},
                     invoice_settings={"default_payment_method": None}))],
        [ev(customer(default_source="card_1",
                     invoice_settings={"default_payment_method": "pm_1"}))]]),
    "customer": ("customers",
        {"email": "a@example.com", "name": "A. Buyer", "phone": "+49", "country": "DE",
         "currency": "eur", "delinquent": False, "customer_account": "acct_5", "deleted": False}, [
        [ev(customer(email="a@example.com", name="A. Buyer", phone="+49", currency="EUR",
                     address={"country": "DE"}, delinquent=False, customer_account="acct_5"))]]),
    "customer deleted": ("customers", {"deleted": True, "email": "a@example.com"}, [
        [ev(customer(email="a@example.com"), "customer.deleted")],
        [ev(customer(email="a@example.com", deleted=True))]]),
    "product": ("products",
        {"name": "Tea", "active": True, "description": "Green.", "default_price": "price_1"}, [
        [ev({"id": "prod_1", "object": "product", "created": 1, "name": "Tea", "active": True,
             "description": "Green.", "default_price": "price_1"})],
        [ev({"id": "prod_1", "object": "product", "created": 1, "name": "Tea", "active": True,
             "description": "Green.", "default_price": price()})]]),
    "plan": ("prices",
        {"product": "prod_1", "active": True, "unit_amount": 500, "unit_amount_decimal": "500.5",
         "currency": "eur", "type": "recurring", "interval": "month", "interval_count": 3,
         "usage_type": "metered", "meter": "mtr_1", "billing_scheme": "per_unit",
         "nickname": "Gold", "deleted": False}, [
        [ev(plan(product="prod_1", active=True, amount=500, amount_decimal="500.5",
                 billing_scheme="per_unit", name="Gold", **_RECURRING))],
        [ev(plan(product="prod_1", active=True, amount=500, amount_decimal="500.5",
                 billing_scheme="per_unit", nickname="Gold", **_RECURRING))],
        [ev(price(product="prod_1", active=True, unit_amount=500, unit_amount_decimal="500.5",
                  billing_scheme="per_unit", nickname="Gold", recurring=_RECURRING))]]),
    "price beside its plan": ("prices", {"unit_amount": 600, "lookup_key": "gold"}, [
        [ev(price(unit_amount=600, lookup_key="gold")), ev(plan(amount=500), created=150)]]),
    "plan deleted": ("prices", {"deleted": True}, [
        [ev(plan(), "plan.deleted")], [ev(price(), "price.deleted")],
        [ev(price()), ev(plan(), "plan.deleted")]]),
    "coupon": ("coupons",
        {"percent_off": 12.5, "amount_off": None, "duration": "once", "valid": True}, [
        [ev({**_COUPON, "created": 1})]]),
    "coupon of whole percents": ("coupons", {"percent_off": 25.0}, [
        [ev({**_COUPON, "percent_off": 25})]]),
    "coupon of an amount": ("coupons", {"amount_off": 500, "currency": "eur"}, [
        [ev({**_COUPON, "percent_off": None, "amount_off": 500, "currency": "EUR"})]]),
    "discount coupon": ("discounts",
        {"coupon": "SUMMER", "percent_off": 12.5, "duration": "once", "valid": True, "start": 5,
         "customer": "cus_1", "subscription": "sub_1"}, [
        [ev(discount(coupon=_COUPON, customer="cus_1", subscription="sub_1"))],
        [ev(discount(source={"type": "coupon", "coupon": _COUPON}, customer="cus_1",
                     subscription="sub_1"))]]),
    "discount with its coupon's id": ("discounts",
        {"coupon": "SUMMER", "percent_off": None, "amount_off": None, "currency": None,
         "duration": None, "valid": None, "end": None}, [
        [ev(discount(source={"type": "coupon", "coupon": "SUMMER"}))]]),
    "credit note refund": ("credit_notes", {"refund": "re_1", "invoice": "in_1"}, [
        [ev(credit_note(refund="re_1"))],
        [ev(credit_note(refund={"id": "re_1", "object": "refund"}))],
        [ev(credit_note(refunds=[{"amount_refunded": 500, "refund": "re_1", "type": "refund"}]))]]),
    "credit note": ("credit_notes",
        {"status": "issued", "amount": 500, "currency": "eur", "type": "mixed",
         "reason": "duplicate", "number": "CN-1", "pre_payment_amount": 200,
         "post_payment_amount": 300, "customer": "cus_1", "customer_account": None,
         "refund": None}, [
        [ev(credit_note(type="mixed", reason="duplicate", number="CN-1", pre_payment_amount=200,
                        post_payment_amount=300, customer="cus_1", refunds=[]))]]),
    "schedule renewal_behavior": ("subscription_schedules", {"end_behavior": "release"}, [
        [ev(schedule(renewal_behavior="release"))], [ev(schedule(end_behavior="release"))]]),
    "schedule phases": ("subscription_schedules",
        {"phases": [{**_PHASE, "trial_end": 15, "items": [{"price": "price_1", "quantity": 2}]},
                    {**_PHASE, "trial_end": None, "items": []}]}, [
        [ev(schedule(phases=[
            {**_PHASE, "trial_end": 15, "plans": [{"plan": "price_1", "quantity": 2}]},
            {**_PHASE, "plans": []}]))],
        [ev(schedule(phases=[
            {**_PHASE, "trial_end": 15,
             "items": [{"price": "price_1", "plan": "price_1", "quantity": 2}]},
            {**_PHASE, "items": []}]))]]),
    "schedule released": ("subscription_schedules",
        {"subscription": "sub_1", "status": "released", "released_at": 30, "canceled_at": None,
         "customer": "cus_1", "current_phase_start": None}, [
        [ev(schedule(subscription=None, released_subscription=sub("active"), status="released",
                     released_at=30, canceled_at=None, customer="cus_1", current_phase=None))],
        [ev(schedule(subscription=None, released_subscription="sub_1", status="released",
                     released_at=30, canceled_at=None, customer="cus_1", current_phase=None))]]),
    "schedule": ("subscription_schedules",
        {"subscription": "sub_1", "current_phase_start": 10, "current_phase_end": 20}, [
        [ev(schedule(subscription="sub_1", current_phase=_PHASE))]]),
    "early fraud warning": ("early_fraud_warnings",
        {"charge": "ch_1", "order": "pi_1", "fraud_type": "made_with_stolen_card",
         "actionable": True}, [
        [ev(warning()), ev({"id": "ch_1", "object": "charge", "payment_intent": "pi_1"})],
        [ev(warning(payment_intent="pi_1"))]]),
}  # fmt: skip
