"""What stands in a cutover's way, and what must not be lost by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import inspect, text

from ledger import Ledger
from ledger.database import write_transaction
from projections import CutoverBlocked, Projections
from projections.drivers import cutover
from tests.conftest import FreshDatabase
from tests.projections.concurrency import beside, until
from tests.projections.histories import Store
from tests.projections.payouts import (
    described,
    descriptors,
    paid,
    state_of,
    table_of,
    with_one_more_field,
)


@pytest.fixture
def on_postgresql(fresh_database: FreshDatabase) -> Iterator[Store]:
    store = Store.open(fresh_database("postgresql"), create=True)
    store.deliver([paid(number) for number in range(20)])
    yield store
    store.close()


def waits(projections: Projections) -> bool:
    """Whether payouts are rebuilt and something keeps them from taking over."""
    state = state_of(projections)
    return state.status == "rebuilding" and bool(state.held_by) and state.rebuild_done == 20


def expire(store: Store) -> None:
    """As if the rebuild's last heartbeat was an hour ago."""
    rebuilds = store.projections.catalog.control.rebuilds
    with write_transaction(store.projections.catalog.engine) as connection:
        connection.execute(rebuilds.update().values(heartbeat=time.time() - 3600))


def tables(store: Store) -> list[str]:
    catalog = store.projections.catalog
    return inspect(catalog.engine).get_table_names(schema=catalog.schema)


def test_events_that_never_cease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table takes over even where each look at the log finds a new event."""
    store.deliver([paid(number) for number in range(20)])
    before, rounds = table_of(store.projections), [0]
    advance = getattr(cutover, "advance")  # noqa: B009  # cutover does not export it

    def busy(*arguments: object, batch: int) -> int:
        rounds[0] += 1
        store.append([paid(1000 + rounds[0])])
        store.projections.follow()
        read: int = advance(*arguments, batch=batch)
        store.append([paid(2000 + rounds[0])])
        store.projections.follow()
        assert rounds[0] < 10
        return read

    monkeypatch.setattr(cutover, "advance", busy)
    store.projections.rebuild(["payouts"])

    assert table_of(store.projections) != before
    assert len(store.items("payouts")) == 20 + 2 * rounds[0]
    assert store.projections.check(["payouts"]) == []


def test_grants_are_given_again(on_postgresql: Store) -> None:
    """Whoever may read a view may read it after a cutover: a role, everybody, or one column."""
    store, role = on_postgresql, f'of "{os.getpid()}"'
    quoted = '"' + role.replace('"', '""') + '"'
    acls = text(
        "SELECT relname, relacl::text, (SELECT string_agg(attname || attacl::text, ',')"
        " FROM pg_attribute WHERE attrelid = pg_class.oid) FROM pg_class"
        " WHERE relkind = 'v' AND relname IN ('payouts', 'orders') ORDER BY relname"
    )
    with store.ledger.engine.begin() as connection:
        for statement in (
            f"CREATE ROLE {quoted}",
            f"GRANT SELECT ON projections.payouts TO {quoted} WITH GRANT OPTION",
            "GRANT SELECT ON projections.payouts TO PUBLIC",
            f"GRANT SELECT (id, status) ON projections.orders TO {quoted}",
        ):
            connection.exec_driver_sql(statement)
        before = connection.execute(acls).all()

    try:
        store.projections.rebuild(["payouts", "orders"])

        with store.ledger.engine.begin() as connection:
            assert connection.execute(acls).all() == before
    finally:
        with store.ledger.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {quoted}")
            connection.exec_driver_sql(f"DROP ROLE {quoted}")


def test_one_kind_is_in_the_way_of_no_other(on_postgresql: Store) -> None:
    """What is built on one view keeps that kind from taking over, and only that."""
    store, orders = on_postgresql, table_of(on_postgresql.projections, "orders")
    payouts = table_of(store.projections)
    with store.ledger.engine.begin() as connection:
        connection.execute(text("CREATE VIEW theirs AS SELECT id FROM projections.orders"))

    with pytest.raises(CutoverBlocked, match="theirs"):
        store.projections.rebuild()

    assert table_of(store.projections) != payouts
    assert table_of(store.projections, "orders") == orders


def test_a_follower_waits_for_what_is_in_the_way(on_postgresql: Store) -> None:
    """It goes on following, does not begin again, and takes over once the way is free."""
    store = on_postgresql
    with store.ledger.engine.begin() as connection:
        connection.execute(text("CREATE VIEW theirs AS SELECT id FROM projections.payouts"))
    store.projections.request_rebuild("payouts")
    before = table_of(store.projections)

    def follow() -> None:
        store.projections.follow(background=True)

    until(lambda: waits(store.projections), follow)
    built = [name for name in tables(store) if name.startswith("payouts_")]
    store.append([paid(20)])
    follow()
    assert len(store.items("payouts")) == 21
    assert "theirs" in state_of(store.projections).held_by[0]
    assert table_of(store.projections) == before
    with store.ledger.engine.begin() as connection:
        connection.execute(text("DROP VIEW theirs"))

    until(lambda: table_of(store.projections) != before, follow)
    assert table_of(store.projections) in built
    assert store.projections.check(["payouts"]) == []


def test_the_end_is_not_held_up(on_postgresql: Store) -> None:
    """A rebuild that waits for a view to be free ends at once when it is told to."""
    store = on_postgresql
    with store.ledger.engine.connect() as idle:
        idle.execute(text("SELECT count(*) FROM projections.payouts"))
        other = Projections.open(store.ledger)
        other.request_rebuild("payouts")
        until(lambda: waits(other), lambda: other.follow(background=True))
        started = time.monotonic()

        other.background.close()

        assert time.monotonic() - started < 5
    assert state_of(store.projections).status == "live"


def test_a_request_is_carried_out_by_its_own_version(store: Store) -> None:
    """Old code at work beside the new leaves a rebuild alone that the new was asked for."""
    store.deliver([described(1, "RENT")])
    new = Projections.open(store.ledger, with_one_more_field())
    new.follow()
    new.request_rebuild("payouts")
    before = table_of(new)

    for _ in range(2):
        store.projections.follow()
    assert table_of(new) == before
    new.follow()

    assert table_of(new) != before
    assert descriptors(new) == ["RENT"]
    new.close()


DYING = """
import os, sys
from ledger import Ledger
from projections import Projections
from projections.drivers.claims import Claims
Claims.heartbeat = lambda *_, **__: os.kill(os.getpid(), 9)
Projections.open(Ledger.open(sys.argv[1])).follow()
"""


def test_a_request_outlives_who_took_it(store_url: str, store: Store) -> None:
    """A follower killed in a rebuild that was asked for: the next one carries it out."""
    store.deliver([paid(number) for number in range(20)])
    store.projections.request_rebuild("payouts")
    before = table_of(store.projections)
    killed = subprocess.run([sys.executable, "-c", DYING, store_url], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert state_of(store.projections).status == "rebuilding"

    expire(store)
    assert state_of(store.projections).status == "rebuild_stopped"
    store.projections.follow()

    assert table_of(store.projections) != before
    assert state_of(store.projections).status == "live"
    assert store.projections.check(["payouts"]) == []


def test_a_builder_that_wakes_up_hurts_nobody(store_url: str, store: Store) -> None:
    """Taken for dead, it finds that another builds, and takes nothing of the other's away."""
    store.deliver([paid(number) for number in range(20)])
    ledger = Ledger.open(store_url)
    second = Projections.open(ledger)
    asleep, woken = threading.Event(), threading.Event()
    errors: list[str] = []

    def sleep(*_: object) -> None:
        asleep.set()
        woken.wait(20)

    def first(_: threading.Event) -> None:
        try:
            store.projections.rebuild(["payouts"], progress=sleep)
        except Exception as error:
            errors.append(str(error))

    def wake(*_: object) -> None:
        woken.set()
        until(lambda: bool(errors))

    before = table_of(store.projections)
    with beside(first):
        asleep.wait(20)
        expire(store)
        second.rebuild(["payouts"], progress=wake)

    assert "rebuild" in errors[0]
    assert table_of(second) != before
    assert second.check(["payouts"]) == []
    second.close()
    ledger.close()
