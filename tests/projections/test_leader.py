"""Of several followers one leads; when it is gone, another follows on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from sqlalchemy import select, update

from ledger.database import read_transaction, write_transaction
from ledger.processes import ids_are_of, started_at
from projections import KINDS, LeaderLease
from projections.drivers import leader
from projections.tables import lease
from projections.tables.lease import LEADER_SECONDS
from tests.projections.histories import Store
from tests.projections.payouts import with_one_more_field


@pytest.fixture
def leases(store: Store) -> list[LeaderLease]:
    """Five followers of the same declarations; none has asked yet."""
    return [store.projections.leader() for _ in range(5)]


@pytest.fixture
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second after which a leader renews its lease is over at each question."""
    seconds = count(1000)
    monkeypatch.setattr(leader, "monotonic", lambda: next(seconds))


def changed(store: Store, **values: object) -> None:
    """Somebody else writes into the lease."""
    leaders = store.projections.catalog.control.leaders
    with write_transaction(store.projections.catalog.engine) as connection:
        connection.execute(update(leaders).values(**values))


def heartbeat(store: Store) -> float:
    leaders = store.projections.catalog.control.leaders
    with read_transaction(store.projections.catalog.engine) as connection:
        return float(connection.execute(select(leaders.c.heartbeat)).scalar_one())


def test_one_leads_until_it_releases_the_lease(leases: list[LeaderLease]) -> None:
    """However often the others ask; then the next one that asks leads."""
    first, second, third, *_ = leases
    for _ in range(3):
        assert [lease.is_held() for lease in (first, second, third)] == [True, False, False]

    first.release()

    assert [lease.is_held() for lease in (third, second)] == [True, False]


def test_one_of_many_at_once(leases: list[LeaderLease]) -> None:
    """Five that begin in the same moment: the database decides for one."""
    with ThreadPoolExecutor(len(leases)) as pool:
        held = list(pool.map(LeaderLease.is_held, leases))

    assert sum(held) == 1
    assert [lease.is_held() for lease in leases] == held


def test_another_version_has_a_leader_of_its_own(store: Store) -> None:
    """It fills tables of its own, so its follower waits for nobody."""
    old = store.projections.leader()
    new = LeaderLease(store.projections.catalog, with_one_more_field().values())

    assert old.is_held()
    assert new.is_held()
    assert with_one_more_field().keys() == KINDS.keys()


@pytest.fixture(scope="module")
def dead() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_dead_process_leads_nobody(
    store: Store, leases: list[LeaderLease], dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader's process was killed on this machine: the next one need not wait at all."""
    first, second, *_ = leases
    assert first.is_held()
    with monkeypatch.context() as there:
        there.setattr(os, "getpid", lambda: dead)
        changed(store, owner=lease.new_owner())

    assert second.is_held()


@pytest.mark.skipif(not started_at(os.getpid()), reason="the system does not tell")
def test_an_id_that_another_process_has_by_now_leads_nobody(
    store: Store, leases: list[LeaderLease], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process with the leader's id is alive, but was started at another time."""
    first, second, *_ = leases
    assert first.is_held()
    with monkeypatch.context() as there:
        there.setattr(lease, "started_at", lambda _: "1")
        changed(store, owner=lease.new_owner())

    assert second.is_held()


def test_in_another_container_the_same_id_is_another_process(
    store: Store, leases: list[LeaderLease], dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same host name, and an id that nobody has here: the leader may live all the same. So
    may one of a version whose names do not tell."""
    first, second, *_ = leases
    assert first.is_held()
    with monkeypatch.context() as there:
        there.setattr(os, "getpid", lambda: dead)
        there.setattr(lease, "ids_are_of", lambda: f"{ids_are_of()}1")
        changed(store, owner=lease.new_owner())
    assert not second.is_held()
    changed(store, owner=f"{socket.gethostname()}:{dead}:x")
    assert not second.is_held()


@pytest.mark.usefixtures("always_due")
def test_an_expired_lease_is_taken_over(store: Store, leases: list[LeaderLease]) -> None:
    """A leader on another machine without a heartbeat for more than three seconds."""
    first, second, *_ = leases
    assert first.is_held()
    elsewhere = f"elsewhere:{os.getpid()}:x"
    changed(store, owner=elsewhere, heartbeat=heartbeat(store) - LEADER_SECONDS / 2)
    assert not second.is_held()
    changed(store, owner=elsewhere, heartbeat=heartbeat(store) - LEADER_SECONDS)

    assert second.is_held()
    assert not first.is_held()


@pytest.mark.usefixtures("always_due")
def test_a_renewed_lease_is_left_alone(store: Store, leases: list[LeaderLease]) -> None:
    """A leader that goes on is not succeeded, however long another asks; each time it renews."""
    first, second, *_ = leases
    beats: list[float] = []

    for _ in range(10):
        assert (first.is_held(), second.is_held()) == (True, False)
        beats.append(heartbeat(store))

    assert beats == sorted(set(beats))


def test_between_heartbeats_the_database_is_not_asked(
    store: Store, leases: list[LeaderLease]
) -> None:
    """Within a second a leader takes its lease for granted."""
    first, *_ = leases
    assert first.is_held()
    beats: Iterator[float] = iter([heartbeat(store)])

    assert first.is_held()
    assert heartbeat(store) == next(beats)
