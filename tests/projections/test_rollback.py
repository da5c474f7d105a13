"""Going back: the table before the last cutover serves again, caught up, and stays."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from projections import AlreadyRunning, NothingToRollBack, Projections
from tests.projections.histories import Store
from tests.projections.payouts import described, descriptors, table_of, with_one_more_field


def test_the_table_before_serves_again_with_what_came_since(store: Store) -> None:
    """Nothing that was served since is lost, and the view and the next follower go with it."""
    store.deliver([described(1, "RENT")])
    before = table_of(store.projections)
    store.projections.rebuild(["payouts"])
    replaced = table_of(store.projections)
    store.deliver([described(2, "FOOD")])
    served = store.living()

    rolled_back = store.projections.rollback("payouts")

    assert (rolled_back.table, rolled_back.replaced, rolled_back.position) == (before, replaced, 2)
    assert table_of(store.projections) == before != replaced
    assert store.living() == served
    store.deliver([described(3, "TAX")])
    assert len(store.items("payouts")) == 3
    assert store.projections.check(["payouts"]) == []
    with store.projections.catalog.engine.connect() as connection:
        schema = "projections." if store.projections.catalog.schema else ""
        assert connection.execute(text(f"SELECT count(*) FROM {schema}payouts")).scalar() == 3


def test_back_and_back_again(store: Store) -> None:
    """The replaced table is kept, so a rollback can be taken back by another."""
    store.deliver([described(1, "RENT")])
    store.projections.rebuild(["payouts"])
    replaced = table_of(store.projections)
    store.projections.rollback("payouts")
    store.deliver([described(2, "FOOD")])

    assert store.projections.rollback("payouts").table == replaced
    assert len(store.items("payouts")) == 2


def test_nothing_to_go_back_to_is_said(store: Store) -> None:
    """A kind that was never rebuilt has no table before."""
    with pytest.raises(NothingToRollBack, match="no table of theirs was ever replaced"):
        store.projections.rollback("payouts")


def test_nobody_goes_forward_again_by_itself(store: Store) -> None:
    """Old code rolls its own table back; the new code follows but cuts over only when asked."""
    store.deliver([described(1, "RENT")])
    new = Projections.open(store.ledger, with_one_more_field())
    new.follow()
    with pytest.raises(NothingToRollBack, match="another version"):
        new.rollback("payouts")
    store.append([described(2, "FOOD")])

    store.projections.rollback("payouts")
    for _ in range(3):
        new.follow()
        store.projections.follow()

    assert descriptors(new) == [None, None]
    new.rebuild(["payouts"])
    assert descriptors(new) == ["FOOD", "RENT"]
    new.close()


def test_a_rebuild_that_was_asked_for_comes_first(store: Store) -> None:
    """It would replace what was rolled back to; so it is waited for."""
    store.projections.rebuild(["payouts"])
    store.projections.request_rebuild("payouts")

    with pytest.raises(AlreadyRunning, match="wait"):
        store.projections.rollback("payouts")
