"""Ids: they begin as Stripe's of the same moment do, and sort by time."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator import Ids


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
    """An id begins as one of Stripe's that was recorded, up to its random part."""
    assert Ids(Random(0), lambda: created).new(prefix).startswith(begins)


@given(st.integers(1_400_000_000, 2_000_000_000), st.integers(61, 100_000_000))
def test_sorts_by_time(created: int, later: int) -> None:
    """An id that is made later sorts later, whatever its random part is."""
    for prefix in ("pi", "in", "cus", "acct"):
        first = Ids(Random(0), lambda: created).new(prefix)
        second = Ids(Random(0), lambda: created + later).new(prefix)
        assert first < second
