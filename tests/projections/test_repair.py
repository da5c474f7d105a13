"""Folding only some keys again, in the table that serves."""

from __future__ import annotations

import pytest

from api.simulator import story
from projections import KINDS, NotReady, Projections
from tests.projections.cases import event, payout
from tests.projections.histories import RECEIVED_AT, Store, delivery
from tests.projections.payouts import described, spoil, with_one_more_field


def paid(number: int) -> dict[str, object]:
    return event("payout.paid", 100 + number, {**payout("paid"), "id": f"po_{number}"})


@pytest.fixture
def damaged(store: Store) -> Store:
    """Three payouts received in three seconds, each of whose rows somebody has spoilt."""
    for number in range(1, 4):
        store.ledger.append([delivery(paid(number), RECEIVED_AT + number * 1_000_000)])
    store.follow()
    spoil(store, "UPDATE {table} SET status = 'spoilt'")
    return store


def spoilt(store: Store) -> list[str]:
    return sorted(row["id"] for row in store.items("payouts") if row["status"] == "spoilt")


def test_by_id_only_that_row_is_folded_again(damaged: Store) -> None:
    """One row changed, the others are as they were; a second time changes nothing."""
    repaired = damaged.projections.repair(["payouts"], id="po_2")["payouts"]

    assert (repaired.components, repaired.changed) == (1, 1)
    assert spoilt(damaged) == ["po_1", "po_3"]
    assert damaged.projections.repair(["payouts"], id="po_2")["payouts"].changed == 0
    assert damaged.projections.repair(["payouts"], id="po_nobody")["payouts"].components == 0


def test_since_means_received(damaged: Store) -> None:
    """From the given microsecond on, itself included, whatever Stripe's own times are."""
    repaired = damaged.projections.repair(["payouts"], received_at=RECEIVED_AT + 2_000_000)[
        "payouts"
    ]

    assert (repaired.components, repaired.changed) == (2, 2)
    assert spoilt(damaged) == ["po_1"]


def test_what_the_tables_forgot_comes_back_from_the_log(damaged: Store) -> None:
    """Rows and all that they rest on may be gone: the log is asked which objects there were."""
    spoil(damaged, "DELETE FROM {table}")
    for part in ("objects", "components"):
        spoil(damaged, f"DELETE FROM {{store}}_{part}")

    assert damaged.projections.repair(["payouts"], id="po_1")["payouts"].changed == 1
    assert damaged.projections.repair(["payouts"])["payouts"].changed == 2
    assert damaged.projections.check(["payouts"]) == []
    damaged.deliver([described(4, "TAX")])
    assert damaged.projections.check(["payouts"]) == []


def test_only_the_version_that_serves_may(damaged: Store) -> None:
    """Another declaration's rows do not fit into the table that serves."""
    new = Projections.open(damaged.ledger, with_one_more_field())
    with pytest.raises(NotReady, match="another version"):
        new.repair(["payouts"], id="po_1")
    new.close()


def test_a_story_of_many_objects_is_left_as_it_was(store: Store) -> None:
    """Folding all of it again, in each kind, changes no row and leaves nothing to differ."""
    for name in ("order_with_3ds_and_partial_refund", "order_in_one_second"):
        store.deliver(story(name).events)
    before = store.living()

    repaired = store.projections.repair()
    assert {kind: result.changed for kind, result in repaired.items()} == dict.fromkeys(KINDS, 0)
    assert store.living() == before
    assert store.projections.check() == []
