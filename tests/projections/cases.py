"""The small histories that break an order by arrival, by time or by rank, as events by hand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.projections.histories import Json

# Later events have smaller ids: where a test leans on nothing but the id, it leans the wrong way.
_numbers = count(9999, -1)


def event(type: str, created: int, object: Json, previous: Json | None = None, **more: Any) -> Json:
    """An event by hand."""
    data: Json = {"object": object}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "type": type,
        "created": created,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": data,
        **more,
    }


def thin(number: int) -> Json:
    """An event that names its object and does not show it."""
    return {
        "id": f"evt_thin{number}",
        "object": "v2.core.event",
        "type": "v1.charge.updated",
        "created": "2026-10-28T00:00:00.000Z",
        "livemode": False,
        "related_object": {"id": "ch_1", "type": "charge", "url": "/v1/charges/ch_1"},
    }


@dataclass(frozen=True)
class Case:
    """Events in the order in which they happened, and the row's fields after each of them."""

    kind: str
    events: tuple[Json, ...]
    after: tuple[Json, ...]

    def __post_init__(self) -> None:
        assert len(self.events) == len(self.after)


def make_case(kind: str, *steps: tuple[Json, Json]) -> Case:
    """A case from its events, each with what is true after it."""
    return Case(kind, tuple(step for step, _ in steps), tuple(fields for _, fields in steps))


def sub(status: str, **more: Any) -> Json:
    return {"id": "sub_1", "object": "subscription", "created": 1, "status": status, **more}


def changed(created: int, status: str, previous: Json | None = None, **more: Any) -> Json:
    return event("customer.subscription.updated", created, sub(status, **more), previous)


def charge(**more: Any) -> Json:
    return {
        "id": "ch_1", "object": "charge", "created": 1, "status": "succeeded", "amount": 100,
        "amount_captured": 100, "captured": True, "amount_refunded": 0, "refunded": False, **more,
    }  # fmt: skip


def refund(status: str, **more: Any) -> Json:
    return {"id": "re_1", "object": "refund", "created": 1, "amount": 60, "charge": "ch_1",
            "status": status, **more}  # fmt: skip


def dispute(status: str, **more: Any) -> Json:
    return {"id": "dp_1", "object": "dispute", "created": 1, "amount": 100, "status": status,
            **more}  # fmt: skip


def payout(status: str, **more: Any) -> Json:
    return {"id": "po_1", "object": "payout", "created": 1, "amount": 100, "status": status, **more}


def invoice(status: str, reached: int, paid: int = 0, **more: Any) -> Json:
    names = ("finalized_at", "paid_at", "voided_at", "marked_uncollectible_at")
    transitions = {name: 300 if index < reached else None for index, name in enumerate(names)}
    return {"id": "in_1", "object": "invoice", "created": 1, "status": status,
            "status_transitions": transitions, "amount_paid": paid, **more}  # fmt: skip


def intent(status: str, **more: Any) -> Json:
    return {"id": "pi_1", "object": "payment_intent", "created": 1, "amount": 100,
            "amount_received": 100 if status == "succeeded" else 0, "status": status,
            **more}  # fmt: skip


def is_(status: str, **more: Any) -> Json:
    return {"status": status, **more}


_STARTED = (event("customer.subscription.created", 100, sub("active")), is_("active"))
_LATE = (event("customer.subscription.created", 100, sub("past_due")), is_("past_due"))
_DUNNING = (changed(200, "past_due", {"status": "active"}), is_("past_due"))
_RESCUED = (changed(200, "active", {"status": "past_due"}), is_("active"))
_DISPUTED = (event("charge.dispute.created", 100, dispute("needs_response")),
             is_("needs_response"))  # fmt: skip

CASES: dict[str, Case] = {
    "subscription created and active in one second": make_case(
        "subscriptions",
        (event("customer.subscription.created", 300, sub("incomplete")), is_("incomplete")),
        (changed(300, "active"), is_("active")),
    ),
    "active, past due, active in one second": make_case(
        "subscriptions", _STARTED, _DUNNING, _RESCUED
    ),
    "past due, active, past due in one second": make_case(
        "subscriptions",
        _LATE,
        (changed(200, "active", {"status": "past_due"}), is_("active")),
        (changed(200, "past_due", {"status": "active"}), is_("past_due")),
    ),
    "deleted after an update": make_case(
        "subscriptions",
        (changed(299, "active"), is_("active")),
        (event("customer.subscription.deleted", 300, sub("canceled")), is_("canceled")),
    ),
    "deleted before a stale update": make_case(
        "subscriptions",
        (event("customer.subscription.deleted", 300, sub("canceled")), is_("canceled")),
        (changed(301, "active"), is_("canceled")),
    ),
    "payout paid, then failed": make_case(
        "payouts",
        (event("payout.created", 100, payout("pending")), is_("pending", paid_at=None)),
        (event("payout.paid", 200, payout("paid")), is_("paid", paid_at=200)),
        (
            # Without a bank's word it went back to be in transit: seconds say so, ranks do not.
            event("payout.updated", 250, payout("in_transit")),
            is_("in_transit", paid_at=200, failed_at=None),
        ),
        (event("payout.failed", 259_400, payout("failed")), is_("failed", failed_at=259_400)),
    ),
    "charge succeeded, updated, refunded in one second": make_case(
        "orders",
        (event("charge.succeeded", 300, charge(description=None)),
         is_("paid", description=None)),
        (event("charge.updated", 300, charge(description="a")), is_("paid", description="a")),
        (
            event("charge.refunded", 300,
                  charge(description="a", amount_refunded=100, refunded=True)),
            is_("refunded", description="a"),
        ),
    ),
    "refund succeeded, then failed three times over": make_case(
        "refunds",
        (event("refund.created", 100, refund("pending")), is_("pending")),
        (event("refund.updated", 200, refund("requires_action")), is_("requires_action")),
        (event("refund.updated", 300, refund("failed", failure_reason="lost_or_stolen_card")),
         is_("failed", failure_reason="lost_or_stolen_card")),
        (event("charge.refund.updated", 300,
               refund("failed", failure_reason="lost_or_stolen_card")), is_("failed")),
        (event("refund.failed", 300, refund("failed", failure_reason="lost_or_stolen_card")),
         is_("failed", failure_reason="lost_or_stolen_card", events=5)),
    ),
    "dispute lost, appealed, won beside a stale snapshot": make_case(
        "disputes",
        _DISPUTED,
        (event("charge.dispute.closed", 200, dispute("lost")), is_("lost")),
        (event("charge.dispute.updated", 300, dispute("appeal_needs_response")),
         is_("appeal_needs_response")),
        (event("charge.dispute.funds_reinstated", 400, dispute("lost")),
         is_("lost", funds_reinstated_at=400)),
        (event("charge.dispute.closed", 400, dispute("won")),
         is_("won", funds_reinstated_at=400)),
    ),
    "dispute answered and lost in one second": make_case(
        "disputes",
        _DISPUTED,
        (event("charge.dispute.updated", 300, dispute("under_review")), is_("under_review")),
        (event("charge.dispute.closed", 300, dispute("lost")), is_("lost")),
    ),
    "invoice made and paid in one second": make_case(
        "invoices",
        (event("invoice.finalized", 300, invoice("open", 1)), is_("open", amount_paid=0)),
        # Newer than its type: the snapshot was taken when the invoice was paid already.
        (event("invoice.created", 300, invoice("paid", 2, 100)), is_("paid", amount_paid=100)),
        (event("invoice.updated", 300, invoice("paid", 2, 100)), is_("paid", amount_paid=100)),
        (event("invoice.paid", 300, invoice("paid", 2, 100)), is_("paid", amount_paid=100)),
    ),
    "payment intent tried twice": make_case(
        "orders",
        (event("payment_intent.created", 100, intent("requires_payment_method")),
         is_("incomplete")),
        (event("payment_intent.requires_action", 200, intent("requires_action")),
         is_("requires_action")),
        (event("payment_intent.payment_failed", 300,
               intent("requires_payment_method", last_payment_error={"code": "declined"})),
         is_("failed", failure_code="declined")),
        (event("payment_intent.succeeded", 400, intent("succeeded", last_payment_error=None)),
         is_("paid", failure_code=None, paid_at=400)),
    ),
    "captured within the second, shown by the earlier type": make_case(
        "orders",
        (event("charge.updated", 300, charge(captured=False, amount_captured=0)),
         is_("authorized", amount_received=0)),
        (event("charge.succeeded", 300, charge()), is_("paid", amount_received=100)),
    ),
    "a link that only the oldest event has": make_case(
        "orders",
        (event("charge.succeeded", 100, charge(payment_intent="pi_1")), is_("paid", id="pi_1")),
        (event("charge.updated", 200, charge(description="a")), is_("paid", charge="ch_1")),
        (event("payment_intent.succeeded", 300, intent("succeeded")),
         is_("paid", id="pi_1", charge="ch_1", description="a", events=3)),
    ),
    "two updates without before-images": make_case(
        "subscriptions",
        (changed(300, "incomplete"), is_("incomplete")),
        (changed(300, "active"), is_("active")),
    ),
    "a refund carried by its charge, stale": make_case(
        "refunds",
        (event("charge.updated", 300, charge(refunds={"data": [refund("pending")]})),
         is_("pending")),
        (event("refund.updated", 300, refund("requires_action")), is_("requires_action")),
    ),
}  # fmt: skip


def three_changes(place: int) -> Case:
    """Stripe's worst second: active, past due, active, and an unrelated change at some place."""
    card = False
    steps, left, status = [_STARTED], [("past_due", "active"), ("active", "past_due")], "active"
    for index in range(3):
        if index == place:
            card = True
            steps.append(
                (
                    changed(
                        200, status, {"cancel_at_period_end": False}, cancel_at_period_end=True
                    ),
                    is_(status, cancel_at_period_end=True),
                )
            )
        else:
            status, before = left.pop(0)
            told_of = {"cancel_at_period_end": card}
            steps.append(
                (changed(200, status, {"status": before}, **told_of), is_(status, **told_of))
            )
    created = event("customer.subscription.created", 100, sub("active", cancel_at_period_end=False))
    steps[0] = (created, is_("active", cancel_at_period_end=False))
    return make_case("subscriptions", *steps)  # fmt: skip


CASES |= {f"three changes in one second, the stranger at {n}": three_changes(n) for n in range(3)}
