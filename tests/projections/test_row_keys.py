"""Row keys: one for each row, in the order in which ids begin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projections import KINDS
from projections.objects.observation import Key, Scope
from projections.rows.change import row_key

KIND = KINDS["orders"]

keys = st.builds(
    Key,
    st.builds(Scope, st.none() | st.sampled_from(["acct_1", "acct_2"]), st.booleans()),
    st.sampled_from(["payment_intent", "charge", "checkout.session"]),
    st.text(max_size=40) | st.sampled_from(["pi_3Ndyhv" + "x" * 200, "pi_3Ndyhv" + "x" * 201]),
)


@given(keys, keys)
def test_no_two_rows_share_a_key(left: Key, right: Key) -> None:
    """Whatever their ids are, even where these begin alike or are; and no key is long."""
    row_keys = [row_key(KIND, each) for each in (left, right)]

    assert (row_keys[0] == row_keys[1]) == (left == right)
    assert max(map(len, row_keys)) <= 28


def test_the_earlier_id_stands_before() -> None:
    """In whatever account: Stripe's ids begin with the time."""
    earlier = Key(Scope("acct_1", True), "payment_intent", "pi_3NdyhvJr3d0nrouD0aaaaaaa")
    later = Key(Scope(None, False), "payment_intent", "pi_3NdyhwJr3d0nrouD0aaaaaaa")

    assert row_key(KIND, earlier) < row_key(KIND, later)
