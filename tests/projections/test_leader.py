"""Of several followers one leads; whoever is left follows on."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from sqlalchemy import select, update

from ledger.database import write_transaction
from projections import KINDS, Lead
from projections.drivers import leader as lead
from tests.projections.histories import Store
from tests.projections.test_changed_declarations import with_one_more_field


@pytest.fixture
def claims(store: Store) -> list[Lead]:
    """Five followers of the same declarations; none has asked yet."""
    return [store.projections.lead() for _ in range(5)]


def _owned_by(store: Store, owner: str) -> None:
    leaders = store.projections.catalog.control.leaders
    with write_transaction(store.projections.catalog.engine) as connection:
        connection.execute(update(leaders).values(owner=owner))


def test_one_leads_until_it_leaves(claims: list[Lead]) -> None:
    """However often the others ask; then the next one that asks leads."""
    first, second, third, *_ = claims
    for _ in range(3):
        assert [each.is_ours() for each in (first, second, third)] == [True, False, False]

    first.close()

    assert [each.is_ours() for each in (third, second)] == [True, False]


def test_one_of_many_at_once(store: Store, claims: list[Lead]) -> None:
    """Five that begin in the same moment: the database decides for one."""
    with ThreadPoolExecutor(len(claims)) as pool:
        found = list(pool.map(Lead.is_ours, claims))

    # Nobody may have seen yet that it is the one; then it sees it now.
    assert sum(found) <= 1
    assert sum(each.is_ours() for each in claims) == 1


def test_another_version_has_a_leader_of_its_own(store: Store) -> None:
    """It fills tables of its own, so its follower waits for nobody."""
    old = store.projections.lead()
    new = Lead(store.projections.catalog, with_one_more_field().values())

    assert old.is_ours()
    assert new.is_ours()
    assert with_one_more_field().keys() == KINDS.keys()


def test_a_dead_process_leads_nobody(store: Store, claims: list[Lead]) -> None:
    """The leader's process was killed on this machine: the next one need not wait at all."""
    first, second, *_ = claims
    assert first.is_ours()
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    host = _owner(store).split(":", maxsplit=1)[0]
    _owned_by(store, f"{host}:{process.pid}:x")

    assert second.is_ours()


def test_a_silent_one_is_succeeded(
    store: Store, claims: list[Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leader on another machine whose counter stands still, whatever its clock says."""
    first, second, *_ = claims
    assert first.is_ours()
    _owned_by(store, f"elsewhere:{os.getpid()}:x")
    now = itertools.count(monotonic() + 10)
    monkeypatch.setattr(lead, "monotonic", lambda: next(now))

    found = [second.is_ours() for _ in range(6)]

    # It was first seen at the first question; more than three seconds later it is taken for dead.
    assert found == [False] * 4 + [True] * 2
    assert first.is_ours() is False


def test_one_that_goes_on_is_left_alone(
    store: Store, claims: list[Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leader that is heard of in time is not succeeded, however long another asks."""
    first, second, *_ = claims
    now = itertools.count(monotonic() + 10)
    monkeypatch.setattr(lead, "monotonic", lambda: next(now))

    assert [(first.is_ours(), second.is_ours()) for _ in range(10)] == [(True, False)] * 10


def _owner(store: Store) -> str:
    leaders = store.projections.catalog.control.leaders
    with store.projections.catalog.engine.connect() as connection:
        return str(connection.execute(select(leaders.c.owner)).scalar_one())
