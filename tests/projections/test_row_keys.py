"""Row keys: one for each row, in the order in which ids begin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projections import KINDS
from projections.objects.observation import Scope
from projections.rows.change import row_key

KIND = KINDS["orders"]

scoped = st.tuples(
    st.builds(Scope, st.none() | st.sampled_from(["acct_1", "acct_2"]), st.booleans()),
    st.text(max_size=40) | st.sampled_from(["pi_3Ndyhv" + "x" * 200, "pi_3Ndyhv" + "x" * 201]),
)


@given(scoped, scoped)
def test_no_two_rows_share_a_key(left: tuple[Scope, str], right: tuple[Scope, str]) -> None:
    """Whatever their ids are, even where these begin alike; and no key is long."""
    keys = [row_key(KIND, *each) for each in (left, right)]

    assert (keys[0] == keys[1]) == (left == right)
    assert max(map(len, keys)) <= 28


def test_the_earlier_id_stands_before() -> None:
    """In whatever account: Stripe's ids begin with the time."""
    earlier = row_key(KIND, Scope("acct_1", True), "pi_3NdyhvJr3d0nrouD0aaaaaaa")
    later = row_key(KIND, Scope(None, False), "pi_3NdyhwJr3d0nrouD0aaaaaaa")

    assert earlier < later
