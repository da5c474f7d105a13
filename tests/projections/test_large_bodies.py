"""A backlog of large bodies: a batch holds as many events as fit into memory, and at least one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.drivers import follow
from tests.projections.cases import event, payout
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store, rows


def large(number: int, size: int) -> Json:
    """An event whose body has about so many bytes."""
    object = payout("pending", id=f"po_{number}", description="x" * size)
    return {**event("payout.created", number + 1, object), "id": f"evt_large_{number}"}


def test_a_batch_ends_before_its_memory_does(opened: Opened) -> None:
    """Whatever the sizes, the events of a batch take no more than was allowed, or are one."""

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.integers(0, 3000), min_size=1, max_size=8), st.integers(0, 9000))
    def law(sizes: list[int], memory: int) -> None:
        with opened("sqlite") as store:
            store.append([large(number, size) for number, size in enumerate(sizes)])
            stored = store.ledger.log.scan(0, len(sizes))
            reached = 0
            while reached < len(sizes):
                upto = store.ledger.log.fitting(reached, len(sizes), memory=memory, beside=10)
                taken = [3 * len(each.body) + 10 for each in stored[reached:upto]]
                assert sum(taken) <= memory or len(taken) == 1
                following = stored[upto : upto + 1]
                assert not following or sum(taken) + 3 * len(following[0].body) + 10 > memory
                reached = upto

    law()


def test_following_in_small_batches_gives_the_same_rows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches that memory cuts short are followed to the end, also by a rebuild's cutover."""
    events = [large(number, 2000) for number in range(60)]
    store.append(events)
    monkeypatch.setattr(follow, "_MEMORY_BYTES", 100_000)

    batch = store.projections.follow()
    store.follow()
    store.projections.rebuild(["payouts"])

    assert 0 < batch < 60
    assert store.rows()["payouts"] == rows(events)["payouts"]
