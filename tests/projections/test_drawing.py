"""Drawing rows beside those who write, claim and die at the wrong moment: nothing is lost."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from typing import Any

import pytest

from api.simulator import story
from ledger import ConfigurationError, StoreUnavailable
from ledger.database import read_transaction, write_transaction
from projections import KINDS, CutoverBlocked, Processes, Projections
from projections.drivers import batch, crew, cutover, follow, work
from projections.drivers.claims import Claims, Due
from projections.drivers.draw import draw_range, mark_drawn, redraw
from projections.drivers.executors import InProcess
from projections.drivers.serving import Serving
from projections.tables import lease
from projections.tables.schema import EVENT_TYPES
from tests.projections.cases import charge, event, intent
from tests.projections.histories import Store
from tests.projections.test_families import (
    events_read,
    intent_at,
    with_one_more_derivation,
)

REFUNDED = story("order_with_3ds_and_partial_refund").events


def orders_due(store: Store, *kinds: str) -> Due:
    """Rows of some kinds of the orders' family, to be drawn from the store that serves."""
    [family] = [each for each in store.projections.families if each.name == "orders"]
    serving = Serving.read(store.projections.catalog, store.projections.families)
    chosen = tuple(kind for kind in family.kinds if kind.name in kinds)
    return Due(family, chosen, serving.states_of(family))


def names(store: Store) -> set[str]:
    """The names of all stores and tables of rows."""
    catalog = store.projections.catalog
    with read_transaction(catalog.engine) as connection:
        return set(catalog.checkpoints(connection))


def test_rows_do_not_move_on_by_themselves(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another follower moves the store at the last moment: rows it knows not are drawn later."""
    store.deliver([intent_at(1)])
    new = Projections.open(store.ledger, with_one_more_derivation("orders"))
    new.follow()
    store.append([intent_at(2)])
    write_batch = batch.write_batch

    def too_late(*arguments: Any) -> None:
        monkeypatch.setattr(follow, "write_batch", write_batch)
        store.projections.follow()
        write_batch(*arguments)

    monkeypatch.setattr(follow, "write_batch", too_late)
    for _ in range(3):
        new.follow()

    assert [row["id"] for row in new.list("orders").items] == ["pi_2", "pi_1"]
    assert new.check() == []
    new.close()


def test_a_component_moves_to_a_range_that_is_drawn_later(store: Store) -> None:
    """What became part of another since its own range was drawn hides nobody's rows."""
    alone = charge(id="ch_1")
    store.deliver([event("charge.succeeded", 100, alone)])
    store.deliver([intent_at(2), intent_at(3)])
    store.deliver([event("payment_intent.created", 101, intent("processing", id="pi_9"))])
    catalog, log = store.projections.catalog, store.ledger.log
    with Claims(catalog).claim(orders_due(store, "orders")) as unit:
        with read_transaction(catalog.engine) as connection:
            read = catalog.checkpoint(connection, unit.store.name)
        assert read is not None
        draw_range(catalog, unit, 4, 4)
        store.deliver([event("charge.updated", 200, {**alone, "payment_intent": "pi_9"})])
        draw_range(catalog, unit, 1, 3)
        draw_range(catalog, unit, 1, 3)
        with write_transaction(catalog.engine) as connection:
            mark_drawn(catalog, connection, unit, read)
            redraw(catalog, log, unit, connection, narrowed=False)
        cutover.cut_over(catalog, log, [unit])

    assert {row["id"] for row in store.items("orders")} == {"pi_2", "pi_3", "pi_9"}
    assert store.projections.check() == []
    assert store.projections.dead_letters().items == []


def test_a_cutover_that_never_happens_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables that cannot catch up, for ten minutes, are no success."""
    store.deliver([intent_at(1)])
    monkeypatch.setattr(cutover, "_PATIENCE_SECONDS", -1)
    monkeypatch.setattr(cutover, "_catch_up", lambda *_: False)

    with pytest.raises(CutoverBlocked, match="could not catch up"):
        store.projections.rebuild(["orders"])


class Breaking(Executor):
    """An executor that breaks at its n-th submission."""

    left = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        Breaking.left -= 1
        if Breaking.left == 0:
            raise BrokenExecutor("a worker was killed")
        return InProcess().submit(fn, *args, **kwargs)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_pool_breaks_while_nobody_waits_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Whenever it is noticed that a worker died, its slices are done again."""
    store.deliver(REFUNDED)
    living = store.living()
    monkeypatch.setattr(Breaking, "left", at)
    monkeypatch.setattr(crew, "InProcess", Breaking)

    store.projections.rebuild()

    assert Breaking.left < 0
    assert store.living() == living


def test_workers_that_always_die_are_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what can be done; the tables that serve are as they were."""
    store.deliver([intent_at(1)])

    def submit(*_: object, **__: object) -> Future[Any]:
        raise BrokenExecutor("a worker was killed")

    monkeypatch.setattr(InProcess, "submit", submit)
    with pytest.raises(StoreUnavailable, match="takes --memory and --processes"):
        store.projections.rebuild()
    assert [row["id"] for row in store.items("orders")] == ["pi_1"]


def test_a_worker_of_another_version_is_refused(store: Store) -> None:
    """Its declarations are not those whose fingerprints the tables have."""
    store.deliver([intent_at(1)])
    due = orders_due(store, "orders")
    catalog, log = store.projections.catalog, store.ledger.log
    with Claims(catalog).claim(due) as unit:
        assigned = work.assignment(catalog, log, [unit], None, is_remote=False)
        assert assigned is not None
        [(name, fingerprint, rows)] = assigned.units
        other = work.Assignment(assigned.urls, True, ((name, fingerprint[::-1] + "0", rows),), None)
        with pytest.raises(ConfigurationError, match="another version"):
            work.draw(other, 0, 1, 1)


def test_kinds_that_have_read_unlike_far_are_compared(store: Store) -> None:
    """Each with the log up to where it is, though they share their states."""
    store.deliver(REFUNDED)
    new = Projections.open(store.ledger, with_one_more_derivation("orders"))
    new.follow()
    store.deliver([event("refund.created", 2_000_000_000, {
        "object": "refund", "id": "re_2", "status": "succeeded", "amount": 5, "created": 1,
        "charge": "ch_2"})])  # fmt: skip
    assert new.position("orders") < new.position("refunds")

    assert new.check() == []
    new.close()


def test_a_killed_drawing_goes_on_from_the_states(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever follows next draws the rows again, and reads no log for it."""
    store.deliver(REFUNDED)
    killed = Claims(store.projections.catalog).claim(orders_due(store, "refunds"))
    killed.__enter__()
    monkeypatch.setattr(lease, "REBUILD_SECONDS", -1)
    before = names(store)

    with events_read() as read:
        store.projections.follow()

    assert read == []
    assert names(store) != before
    assert store.projections.check() == []
    with suppress(StoreUnavailable):
        killed.__exit__(StoreUnavailable, StoreUnavailable("it wakes up"), None)
    assert store.projections.check() == []


def test_a_claim_that_is_lost_in_part_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables of the kinds that nobody took over go with the claim that built them."""
    store.deliver(REFUNDED)
    catalog = store.projections.catalog
    family = orders_due(store, "orders").family
    before = names(store)
    slow = Claims(catalog).claim(Due(family, family.kinds))
    slow.__enter__()
    with monkeypatch.context() as patched:
        patched.setattr(lease, "REBUILD_SECONDS", -1)
        store.projections.rebuild(["refunds"], rows_only=True)
    with suppress(StoreUnavailable):
        slow.__exit__(StoreUnavailable, StoreUnavailable("it took too long"), None)

    assert len(names(store) - before) == 1
    assert store.projections.check() == []


def test_noting_event_types_goes_on_where_it_ended(store: Store) -> None:
    """However a rebuild's batches lie: afterwards all types are known."""
    store.deliver(REFUNDED)
    catalog, log = store.projections.catalog, store.ledger.log
    with write_transaction(catalog.engine) as connection:
        read = catalog.checkpoint(connection, EVENT_TYPES)
        assert read is not None
        assert read.position == log.head().position
        earlier = read._replace(position=3, chain=log.chain_at(3))
        catalog.set_checkpoint(connection, EVENT_TYPES, earlier)

    store.projections.rebuild(workers=Processes(1))

    with read_transaction(catalog.engine) as connection:
        assert catalog.checkpoint(connection, EVENT_TYPES) == read


def test_every_kind_has_a_store(store: Store) -> None:
    """What serves names where its rows were drawn from, for each kind."""
    with read_transaction(store.projections.catalog.engine) as connection:
        live_tables = store.projections.catalog.live_tables(connection)

    assert {each.store for each in live_tables.values()} == names(store) - {EVENT_TYPES} - {
        each.table_name for each in live_tables.values()
    }
    assert live_tables.keys() == KINDS.keys()
