"""Small histories in which an account and its capabilities both say what it may do."""

from __future__ import annotations

from tests.projections.cases import Case, event, make_case
from tests.projections.histories import Json
from tests.projections.money_changes import account, capability


def may(**capabilities: str) -> Json:
    return {"capabilities": capabilities}


CAPABILITY_CASES: dict[str, Case] = {
    "capability turned off and on again": make_case(
        "accounts",
        (event("account.updated", 100, account(**may(card_payments="active", transfers="active"))),
         may(card_payments="active", transfers="active")),
        (event("capability.updated", 200, capability("inactive"), {"status": "active"}),
         may(card_payments="inactive", transfers="active")),
        # A shape without capabilities, or an event's that says nothing of them.
        (event("account.updated", 300, account(email="a@example.com")),
         may(card_payments="inactive", transfers="active")),
        (event("account.updated", 400, account(**may(card_payments="active"))),
         {**may(card_payments="active"), "events": 4}),
    ),
    "capability turned off in the second of its account's event": make_case(
        "accounts",
        (event("account.updated", 200, account(**may(card_payments="active"))),
         may(card_payments="active")),
        (event("capability.updated", 200, capability("inactive"), {"status": "active"}),
         may(card_payments="inactive")),
    ),
    "capability turned off and on within a second": make_case(
        "accounts",
        (event("account.updated", 100, account(**may(card_payments="active"))),
         may(card_payments="active")),
        (event("capability.updated", 150, capability("active"), {"status": "pending"}),
         may(card_payments="active")),
        (event("capability.updated", 200, capability("inactive"), {"status": "active"}),
         may(card_payments="inactive")),
        (event("capability.updated", 200, capability("active"), {"status": "inactive"}),
         may(card_payments="active")),
    ),
}  # fmt: skip
