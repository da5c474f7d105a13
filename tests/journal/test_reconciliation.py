"""A payout against its balance transactions, by numbers worked by hand."""

from __future__ import annotations

from typing import Any

from projections.journal.reconciliation import reconcile

PAYOUT = {"id": "po_1", "amount": 9_500, "currency": "eur"}


def transaction(id: str, category: str, amount: int, fee: int, **more: Any) -> dict[str, Any]:
    row = {"id": id, "source": f"ch_{id}", "type": category, "reporting_category": category,
           "currency": "eur", "amount": amount, "fee": fee, "net": amount - fee}  # fmt: skip
    return {**row, **more}


CHARGES = [transaction("1", "charge", 10_000, 320), transaction("2", "charge", 1_000, 55)]
REFUND = transaction("3", "refund", -1_125, 0)
OWN = transaction("4", "payout", -9_500, 0, source="po_1")


def test_a_payout_that_is_explained() -> None:
    """9680 + 945 - 1125 = 9500; the payout's own line does not count."""
    result = reconcile(PAYOUT, [*CHARGES, REFUND, OWN])

    assert (result.gross, result.fee, result.net) == (9_875, 375, 9_500)
    assert (result.remainder, result.label, result.is_reconciled) == (0, None, True)
    assert [(each.category, each.count, each.net) for each in result.categories] == [
        ("charge", 2, 10_625), ("refund", 1, -1_125),
    ]  # fmt: skip


def test_what_is_left_is_shown() -> None:
    """A loan that Stripe kept 700 for and did not list is the remainder."""
    result = reconcile({**PAYOUT, "amount": 8_800}, [*CHARGES, REFUND, OWN])

    assert (result.remainder, result.label, result.is_reconciled) == (-700, "unexplained", False)


def test_currencies_are_never_summed() -> None:
    """What is in another currency is shown, and not counted."""
    dollars = transaction("5", "charge", 2_000, 100, currency="usd")
    result = reconcile(PAYOUT, [*CHARGES, REFUND, OWN, dollars])

    assert (result.net, result.remainder, result.is_reconciled) == (9_500, 0, False)
    assert ("charge", "usd", 1_900) in [(e.category, e.currency, e.net) for e in result.categories]


def test_nothing_is_listed_yet() -> None:
    """Until Stripe's list was asked for, the whole amount is the remainder."""
    result = reconcile(PAYOUT, [])

    assert (result.remainder, result.label) == (9_500, "not_listed")
