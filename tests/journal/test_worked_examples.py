"""Each rule by an example worked by hand: its balances, and nothing left in clearing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from random import Random

import pytest

from tests.journal.money import Told, balances, cleared, journal
from tests.journal.worked import Example
from tests.journal.worked_balance import BALANCE
from tests.journal.worked_fx import CONVERTED
from tests.journal.worked_payments import PAYMENTS

EXAMPLES = {example.name: example for example in (*PAYMENTS, *BALANCE, *CONVERTED)}


def shown(log: Sequence[Told]) -> dict[str, int]:
    """The balances that are not zero, as the examples write them."""
    return {
        f"{account} {currency}": amount
        for (_, account, currency), amount in balances(journal(log)).items()
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_comes_to_what_was_worked_by_hand(name: str) -> None:
    """At its end and on the way; each object's clearing is zero by itself."""
    example: Example = EXAMPLES[name]

    assert shown(example.log) == example.balances
    assert cleared(journal(example.log)) == {}
    for count, expected in example.meanwhile.items():
        assert shown(example.log[:count]) == expected, count


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_order_does_not_matter(name: str) -> None:
    """Every order of it comes to the same."""
    example: Example = EXAMPLES[name]
    orders = list(permutations(example.log))
    for log in Random(name).sample(orders, min(24, len(orders))):
        assert shown(log) == example.balances
