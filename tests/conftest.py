"""What every test may request: databases, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

import pytest

from api.config.settings import is_ours
from tests.databases import DIALECTS, Databases
from tests.servers import PostgresServer, SharedPostgres, memory_directory

SHARED_POSTGRES = pytest.StashKey[SharedPostgres]()

# Makes a database of a dialect with the tables of a new ledger; dropped at the end of the block.
WithLedger = Callable[[str], AbstractContextManager[str]]


class FreshDatabase(Protocol):
    """Makes an empty database of a dialect ("sqlite", "postgresql") and returns its URL."""

    def __call__(self, dialect: str) -> str: ...


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run: its first process owns the server, which xdist's workers only use."""
    for name in filter(is_ours, list(os.environ)):  # a developer's own settings are no test's
        del os.environ[name]
    if not hasattr(config, "workerinput"):
        config.stash[SHARED_POSTGRES] = server = SharedPostgres()
        # What processes leave behind when they are killed is removed with the server's data.
        os.environ["TMPDIR"] = str(server.temporary)
        tempfile.tempdir = None
        if (directory := memory_directory()) is not None:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server with the run."""
    if SHARED_POSTGRES in config.stash:
        config.stash[SHARED_POSTGRES].close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that no worker is left with a long one at the end.

    xdist gives each worker an equal share of the list, from which idle workers steal the end. Each
    share begins with slow tests; those of a module stay together, as they share servers.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    rest = [item for item in items if not item.get_closest_marker("slow")]
    modules = list(dict.fromkeys(item.path for item in slow))
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        share = (len(items) - len(ordered)) // (workers - worker)
        first = [item for item in slow if item.path in modules[worker::workers]]
        others = max(0, share - len(first))
        ordered += [*first, *rest[:others]]
        rest = rest[others:]
    items[:] = ordered


def pytest_collection_finish() -> None:
    """Exempt what was collected from garbage collection: it is large, and stays to the end.

    What tests make is looked through less often: they make much, and hardly any of it in circles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session")
def postgresql() -> PostgresServer:
    """The PostgreSQL server that all tests share; a test that kills one takes `own_postgres`."""
    return SharedPostgres.connect()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Makes databases, each for as long as a block lasts."""
    databases = Databases(tmp_path_factory.mktemp("databases"))
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def with_ledger(databases: Databases) -> WithLedger:
    """A function that makes a new ledger's database for a block, as often as a test needs one."""
    return databases.new_ledger


@pytest.fixture
def fresh_database(databases: Databases) -> Iterator[FreshDatabase]:
    """A function that makes an empty database each time, for tests that need several."""
    with ExitStack() as stack:
        yield lambda dialect: stack.enter_context(databases.empty(dialect))


@pytest.fixture(params=DIALECTS)
def store_url(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> str:
    """The URL of an empty database; the test runs once on each of the two."""
    return fresh_database(request.param)


@pytest.fixture(params=DIALECTS)
def ledger_url(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[str]:
    """The URL of a new ledger's database; the test runs once on each of the two."""
    with with_ledger(request.param) as url:
        yield url
