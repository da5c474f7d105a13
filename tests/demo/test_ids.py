"""Ids: they begin as Stripe's of the same moment do, and sort by their time."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator.ids import Ids


@pytest.mark.parametrize(
    ("prefix", "created", "begins"),
    [
        ("txn", 1_441_079_064, "txn_16g5h6"),
        ("price", 1_691_022_922, "price_1NapVe"),
        ("src", 1_691_773_263, "src_1Ndyhv"),
        ("si", 1_691_773_256, "si_OQqO"),
    ],
)
def test_begins_as_recorded(prefix: str, created: int, begins: str) -> None:
    """Ids that Stripe gave, up to where chance begins."""
    assert Ids(Random(0), lambda: created).new(prefix).startswith(begins)


@given(st.integers(1_400_000_000, 2_000_000_000), st.integers(61, 100_000_000))
def test_sorts_by_time(created: int, later: int) -> None:
    """What is made later stands behind, whatever chance adds."""
    for prefix in ("pi", "in", "cus", "acct"):
        first = Ids(Random(0), lambda: created).new(prefix)
        second = Ids(Random(0), lambda: created + later).new(prefix)
        assert first < second
