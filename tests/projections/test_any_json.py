"""Whatever stands inside data.object, the follower goes on and the drivers agree."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from projections import Page, RowSelector
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store
from tests.projections.laws import a_history, law

# What readers trip over: 64 bits and one more, halves of surrogates, NUL, ids and lists of them.
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.sampled_from([2**63 - 1, 2**63, -(2**63) - 1, 0, -1]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", "\x00", "\ud800", "x" * 3000, "ch_1", "pi_1", "in_1", "cs_1", "succeeded",
                     "charge", "refund", "EUR"]),
)  # fmt: skip
ANY_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "object", "data", "amount", "type", "\x00"]) | st.text(max_size=3),
        inner, max_size=3,
    ),
    max_leaves=6,
)  # fmt: skip


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container inside a JSON value with every key of it."""
    keys: list[Any] = []
    if isinstance(node, dict):
        keys = list(node)
    elif isinstance(node, list):
        keys = list(range(len(node)))
    return [(node, key) for key in keys] + [inner for key in keys for inner in places(node[key])]


@st.composite
def spoilt(draw: st.DrawFn, events: list[Json]) -> list[Json]:
    """The events in any order, some of them with any JSON at any place of their object."""
    events = copy.deepcopy(draw(st.permutations(events)))
    for index in draw(st.sets(st.integers(0, len(events) - 1), min_size=1, max_size=6)):
        for _ in range(draw(st.integers(1, 3))):
            values = places(events[index]["data"])
            inside, key = values[draw(st.integers(0, len(values) - 1))]
            if key == "object" and inside is events[index]["data"]:
                continue
            inside[key] = draw(ANY_JSON)
    return events


def agree(store: Store, events: list[Json], batch: int) -> None:
    store.append(events)
    while store.advance(batch):
        pass

    assert store.projections.check() == []
    living, letters = store.living(), all_letters(store)
    for kind, rows in living.items():
        for account, livemode, id in rows:
            selector = RowSelector(account or "self", livemode, as_of=2**62)
            assert store.projections.get(kind, id, selector).row == rows[account, livemode, id]
            assert store.projections.timeline(kind, id, selector).items
    store.projections.summary()
    store.projections.rebuild()
    assert store.living() == living
    assert all_letters(store) == letters


def all_letters(store: Store) -> list[Json]:
    letters = store.projections.dead_letters(page=Page(limit=10_000)).items
    return sorted(
        letters,
        key=lambda letter: (letter["kind"], letter["id"], letter["event"], letter["error"]),
    )


@law(8)
@given(data=st.data())
def test_any_json_in_an_object_stops_nobody_on_sqlite(opened: Opened, data: st.DataObject) -> None:
    """Live rows and dead letters equal those of a rebuild, and every row can be asked for."""
    events = data.draw(spoilt(data.draw(a_history(most=2)).events))
    with opened("sqlite") as store:
        agree(store, events, data.draw(st.integers(1, 9)))


@law(2)
@given(data=st.data())
def test_any_json_in_an_object_stops_nobody_on_postgresql(
    opened: Opened, data: st.DataObject
) -> None:
    """The same on PostgreSQL, whose texts and integers are stricter."""
    events = data.draw(spoilt(data.draw(a_history(most=2)).events))
    with opened("postgresql") as store:
        agree(store, events, data.draw(st.integers(1, 9)))
