"""What does not fit hurts one row and no other, says so, and is healed by a mend."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from projections import KINDS, Kind, Page, Type
from projections.kinds.payouts import PAYOUT
from projections.objects import types
from projections.rows.kind import reads_of
from tests.projections.cases import charge, dispute, event, intent, invoice, payout, refund, sub
from tests.projections.histories import Json, Store, differing, rows

SESSION = {"id": "cs_1", "object": "checkout.session", "created": 1, "mode": "payment",
           "status": "open", "payment_status": "unpaid", "amount_total": 100}  # fmt: skip
ACCOUNT = {"id": "acct_1", "object": "account", "created": 1, "charges_enabled": True}
APPLICATION = {"id": "ca_1", "object": "application", "created": 1, "name": "Shop"}
PAYMENT = {"id": "inpay_1", "object": "invoice_payment", "created": 1, "invoice": "in_1",
           "payment": {"payment_intent": "pi_1"}}  # fmt: skip

# The event, the key whose value is spoilt, and the rows that the event is then missing from.
SPOILT: dict[str, tuple[str, Json, str, dict[str, str]]] = {
    "payment_intent": ("payment_intent.created", intent("processing"), "amount",
                       {"orders": "pi_1"}),
    "charge": ("charge.updated", charge(), "amount_refunded", {"orders": "ch_1"}),
    "checkout.session": ("checkout.session.completed", SESSION, "amount_total",
                         {"orders": "cs_1"}),
    "refund": ("refund.updated", refund("pending"), "amount", {"refunds": "re_1"}),
    "dispute": ("charge.dispute.updated", dispute("lost"), "amount", {"disputes": "dp_1"}),
    "invoice": ("invoice.updated", invoice("open", 1), "total", {"invoices": "in_1"}),
    "subscription": ("customer.subscription.updated", sub("active"), "cancel_at",
                     {"subscriptions": "sub_1"}),
    "payout": ("payout.updated", payout("paid"), "arrival_date", {"payouts": "po_1"}),
    "account": ("account.updated", ACCOUNT, "created", {"accounts": "acct_1"}),
    "application": ("account.application.authorized", APPLICATION, "created",
                    {"accounts": "acct_1"}),
    "invoice_payment": ("invoice_payment.paid", PAYMENT, "created", {}),
}  # fmt: skip

WRONG: dict[str, Any] = {
    "a text": "12",
    "more than 64 bits": 2**63,
    "twenty digits": -(10**20 - 1),
    "a fraction": 1.5,
    "a boolean": True,
    "a list": [1],
    "an object": {"amount": 1},
    "a huge text": "9" * 100_000,
}


def of_account(object: str) -> Json:
    return {"account": "acct_1"} if object in ("account", "application") else {}


@pytest.mark.parametrize("object", SPOILT)
def test_a_wrong_type_is_a_dead_letter_of_its_row_alone(store: Store, object: str) -> None:
    """Whatever stands there: the row is the fold of its other events and stale, others go on."""
    type, snapshot, key, hurt = SPOILT[object]
    envelope = of_account(object)
    good = event(type, 100, snapshot, **envelope)
    stranger = event("payout.paid", 100, {**payout("paid"), "id": "po_2"})
    bad = [event(type, 200, {**snapshot, key: value}, **envelope) for value in WRONG.values()]
    store.deliver([bad[0], good, *bad[1:], stranger])

    expected = rows([good, stranger])
    for kind, id in hurt.items():
        (row,) = [row for key, row in expected[kind].items() if key[2] == id]
        assert row["stale"] is False
        row["stale"] = True
    assert differing(store.rows(), expected) == []
    assert store.projections.check() == []
    letters = store.projections.dead_letters(page=Page(limit=100)).items
    named = {(letter["kind"], letter["id"], letter["event"]) for letter in letters}
    # An orders' row hears of refunds and disputes too, but these belong to no order here.
    own = {(kind, id, each["id"]) for kind, id in hurt.items() for each in bad}
    assert {each for each in named if each[0] in hurt} == own
    assert all("9999" not in letter["error"] for letter in letters)
    assert {state.position for state in store.projections.states()} == {len(bad) + 2}


@pytest.mark.parametrize("spoilt", ["refund", "charge"])
def test_a_carried_snapshot_can_be_a_dead_letter(store: Store, spoilt: str) -> None:
    """A refund in a charge in a PaymentIntent: only what is spoilt is missing."""
    carried_refund = refund("succeeded", amount="60" if spoilt == "refund" else 60)
    carried = charge(
        refunds={"data": [carried_refund]},
        amount_captured="x" if spoilt == "charge" else 100,
        payment_intent="pi_1",
    )
    store.deliver(
        [event("payment_intent.succeeded", 100, intent("succeeded", charges={"data": [carried]}))]
    )

    (order,) = store.items("orders")
    assert (order["id"], order["stale"], order["amount_received"]) == ("pi_1", True, 100)
    assert [row["id"] for row in store.items("refunds")] == (["re_1"] * (spoilt == "charge"))
    assert store.projections.check() == []


def test_a_row_of_nothing_but_unreadable_events_is_none(store: Store) -> None:
    """There is a dead letter and no row, until something readable comes."""
    bad = event("payout.paid", 100, payout("paid", amount="much"))
    good = event("payout.failed", 200, payout("failed"))
    store.deliver([bad])

    assert store.items("payouts") == []
    assert [letter["id"] for letter in store.projections.dead_letters().items] == ["po_1"]
    store.deliver([good])
    assert [(row["id"], row["stale"], row["events"]) for row in store.items("payouts")] == [
        ("po_1", True, 1)
    ]


HUGE = 2**63 - 1


@pytest.mark.parametrize(
    ("kind", "events"),
    [
        ("orders", [event("charge.succeeded", 100 + n, {
            **charge(amount_captured=HUGE, payment_intent="pi_1"), "id": f"ch_{n}"})
            for n in range(2)]),
        ("orders", [event("charge.succeeded", 100, charge()), *(
            event("charge.dispute.created", 101 + n, {
                **dispute("lost", amount=HUGE, charge="ch_1"), "id": f"dp_{n}"})
            for n in range(2))]),
        ("disputes", [event("charge.dispute.created", 100, dispute("lost", balance_transactions=[
            {"id": f"txn_{n}", "net": -HUGE, "fee": HUGE} for n in range(2)]))]),
    ],
    ids=["received", "disputed", "net"],
)  # fmt: skip
def test_a_sum_beyond_64_bits_stops_nobody(store: Store, kind: str, events: list[Json]) -> None:
    """Each value fits and their sum does not: the row says it is stale, the follower goes on."""
    store.deliver([*events, event("payout.paid", 300, payout("paid"))])

    assert [row["stale"] for row in store.items(kind)] == [True]
    assert [row["id"] for row in store.items("payouts")] == ["po_1"]
    assert store.projections.check() == []


def lenient(value: Any, name: str) -> Any:
    return int(value) if isinstance(value, str) else value


SPOILT_PAYOUT = [
    event("payout.created", 100, payout("pending")),
    event("payout.paid", 200, payout("paid", amount="250")),
]


@pytest.mark.parametrize("mend", ["refold", "rebuild"])
def test_after_the_mend_the_row_is_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch, mend: str
) -> None:
    """Refolding the one row, or rebuilding its kind, leaves no dead letter and nothing stale."""
    store.deliver(SPOILT_PAYOUT)
    assert [row["stale"] for row in store.items("payouts")] == [True]

    monkeypatch.setitem(types._COERCE, Type.INTEGER, lenient)
    if mend == "refold":
        assert store.projections.refold("payouts", "po_1") is True
    else:
        store.projections.rebuild(["payouts"])

    (row,) = store.items("payouts")
    assert (row["stale"], row["status"], row["amount"], row["events"]) == (False, "paid", 250, 2)
    assert store.projections.dead_letters().items == []
    assert store.projections.check() == []


def test_a_mended_declaration_heals_by_itself(store: Store) -> None:
    """Code whose declaration reads the value rebuilds the kind when it starts to follow."""
    store.deliver(SPOILT_PAYOUT)
    mended = beside(store, mended_payouts())

    mended.follow()

    (row,) = mended.items("payouts")
    assert (row["stale"], row["amount"], row["paid_at"]) == (False, 250, 200)
    assert mended.projections.dead_letters().items == []


def mended_payouts() -> Kind:
    """Payouts whose amount may be a text."""
    fields = tuple(
        replace(field, convert=lambda value: int(value)) if field.name == "amount" else field
        for field in KINDS["payouts"].fields
    )
    return replace(
        KINDS["payouts"], fields=fields, members=(replace(PAYOUT, reads=reads_of(*fields)),)
    )


def beside(store: Store, kind: Kind) -> Store:
    """The same ledger, followed by code that declares a kind otherwise."""
    other = copy.copy(store)
    other.projections = store.projections.open(store.ledger, {**KINDS, kind.name: kind})
    return other


def test_refolding_what_nobody_told_of_is_false(store: Store) -> None:
    """An id without events heals nothing and says so."""
    store.deliver(SPOILT_PAYOUT)

    assert store.projections.refold("payouts", "po_nobody") is False
