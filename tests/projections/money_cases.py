"""Small histories of captures and refunds, with what was really received and refunded."""

from __future__ import annotations

from typing import Any

from tests.projections.cases import Case, charge, event, intent, make_case, refund
from tests.projections.histories import Json

OLD: dict[str, Any] = {"api_version": "2024-06-20"}


def held(**more: Any) -> Json:
    return charge(captured=False, amount_captured=0, **more)


def captured(amount: int, refunded: int = 0, **more: Any) -> Json:
    return charge(amount_captured=amount, amount_refunded=refunded, **more)


def has(status: str, received: int, refunded: int) -> Json:
    return {"status": status, "amount_received": received, "amount_refunded": refunded}


def part(id: str, amount: int, created: int, status: str = "succeeded") -> Json:
    return refund(status, id=id, amount=amount, created=created)


_HELD = (event("charge.succeeded", 100, held()), has("authorized", 0, 0))
_HELD_THEN = (event("charge.succeeded", 100, held(), **OLD), has("authorized", 0, 0))
_CAPTURED = (event("charge.captured", 200, captured(40), {"captured": False}), has("paid", 40, 0))

MONEY_CASES: dict[str, Case] = {
    "a part captured, then a part of it refunded": make_case(
        "orders", _HELD, _CAPTURED,
        (event("charge.refunded", 300, captured(40, 15)), has("partially_refunded", 40, 15)),
        (event("refund.created", 300, part("re_1", 15, 300)), has("partially_refunded", 40, 15)),
        (event("charge.refunded", 400, captured(40, 40)), has("refunded", 40, 40)),
    ),
    "a part captured, and refunds tell of themselves alone": make_case(
        "orders", _HELD, _CAPTURED,
        (event("refund.created", 300, part("re_1", 15, 300)), has("partially_refunded", 40, 15)),
        (event("refund.created", 400, part("re_2", 5, 400)), has("partially_refunded", 40, 20)),
        (event("refund.failed", 500, part("re_1", 15, 300, "failed")),
         has("partially_refunded", 40, 5)),
    ),
    "a part captured when the rest was still a refund": make_case(
        "orders", _HELD_THEN,
        (event("charge.captured", 200, captured(40, 60), {"captured": False}, **OLD),
         has("paid", 40, 0)),
        (event("refund.created", 200, part("re_0", 60, 200), **OLD), has("paid", 40, 0)),
        (event("charge.refunded", 300, captured(40, 75), **OLD), has("partially_refunded", 40, 15)),
        (event("refund.created", 400, part("re_2", 5, 400), **OLD),
         has("partially_refunded", 40, 20)),
    ),
    "captured in the old way and shown in a new version later": make_case(
        "orders",
        (event("charge.captured", 200, captured(40, 60), {"captured": False}, **OLD),
         has("paid", 40, 0)),
        (event("charge.refunded", 300, captured(40, 75)), has("partially_refunded", 40, 15)),
    ),
    "captured in the new way and shown in an old version later": make_case(
        "orders", _CAPTURED,
        (event("charge.refunded", 300, captured(40, 15), **OLD), has("partially_refunded", 40, 15)),
    ),
    "captured twice": make_case(
        "orders", _HELD,
        (event("charge.updated", 200, charge(captured=False, amount_captured=30)),
         has("paid", 30, 0)),
        (event("refund.created", 250, part("re_1", 10, 250)), has("partially_refunded", 30, 10)),
        (event("charge.captured", 300, captured(70, 10), {"captured": False}),
         has("partially_refunded", 70, 10)),
        (event("charge.refunded", 400, captured(70, 70)), has("refunded", 70, 70)),
    ),
    "more captured than was held": make_case(
        "orders", _HELD,
        (event("charge.captured", 200, captured(130), {"captured": False}), has("paid", 130, 0)),
        (event("charge.refunded", 300, captured(130, 30)), has("partially_refunded", 130, 30)),
    ),
    "a refund made after the newest snapshot fails": make_case(
        "orders",
        (event("charge.succeeded", 100, charge()), has("paid", 100, 0)),
        (event("charge.refunded", 200, charge(amount_refunded=30)),
         has("partially_refunded", 100, 30)),
        (event("refund.created", 300, part("re_2", 20, 300, "pending")),
         has("partially_refunded", 100, 50)),
        (event("refund.failed", 400, part("re_2", 20, 300, "failed")),
         has("partially_refunded", 100, 30)),
    ),
    "a refund that the newest snapshot counts fails": make_case(
        "orders",
        (event("charge.succeeded", 100, charge()), has("paid", 100, 0)),
        (event("refund.created", 200, part("re_1", 30, 200)), has("partially_refunded", 100, 30)),
        (event("charge.refunded", 200, charge(amount_refunded=30)),
         has("partially_refunded", 100, 30)),
        (event("refund.failed", 400, part("re_1", 30, 200, "failed")), has("paid", 100, 0)),
    ),
    "a hold lapses, in the new way": make_case(
        "orders", _HELD, (event("charge.expired", 200, held()), has("canceled", 0, 0)),
    ),
    "a hold lapses, in the old way": make_case(
        "orders", _HELD_THEN,
        (event("charge.expired", 200, held(amount_refunded=100, refunded=True), **OLD),
         has("canceled", 0, 0)),
        (event("charge.refunded", 200, held(amount_refunded=100, refunded=True), **OLD),
         has("canceled", 0, 0)),
    ),
    "an authorization to be given again, then over": make_case(
        "orders",
        (event("payment_intent.amount_capturable_updated", 100, intent("requires_capture")),
         has("authorized", 0, 0)),
        (event("payment_intent.requires_action", 200, intent("requires_reauthorization")),
         has("requires_action", 0, 0)),
        (event("payment_intent.canceled", 300, intent("expired")), has("expired", 0, 0)),
    ),
    "a status that nobody knows yet": make_case(
        "orders", (event("payment_intent.created", 100, intent("hibernating")),
                   has("incomplete", 0, 0)),
    ),
}  # fmt: skip
