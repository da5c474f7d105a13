"""Prepared databases for laws that need many, and the profile under which laws run long."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest
from hypothesis import settings

from tests.projections.histories import Store
from tests.servers import PostgresServer

Opened = Callable[[str], AbstractContextManager[Store]]

# `HYPOTHESIS_PROFILE=thorough pytest tests/projections`: half an hour instead of two minutes.
settings.register_profile("thorough", max_examples=1000)
if os.environ.get("HYPOTHESIS_PROFILE") == "thorough":
    settings.load_profile("thorough")


@pytest.fixture(scope="session")
def opened(
    request: pytest.FixtureRequest,
    background: ThreadPoolExecutor,
    tmp_path_factory: pytest.TempPathFactory,
) -> Opened:
    """Opens an empty store on a dialect, as often as an example wants one."""
    folder = tmp_path_factory.mktemp("stores")
    numbers = itertools.count(1)
    Store.open(f"sqlite:///{folder / 'template.db'}", create=True).close()

    @contextmanager
    def sqlite() -> Iterator[Store]:
        path = folder / str(next(numbers))
        path.mkdir()
        for file in folder.glob("template*.db"):
            shutil.copy(file, path / file.name)
        store = Store.open(f"sqlite:///{path / 'template.db'}")
        try:
            yield store
        finally:
            store.close()
            shutil.rmtree(path)

    @contextmanager
    def postgresql() -> Iterator[Store]:
        server: PostgresServer = request.getfixturevalue("postgresql")
        name = server.create_database()
        store = Store.open(server.url(name), create=True)
        try:
            yield store
        finally:
            store.close()
            background.submit(server.drop_database, name)

    dialects = {"sqlite": sqlite, "postgresql": postgresql}
    return lambda dialect: dialects[dialect]()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store; the test runs once on each database."""
    store = Store.open(store_url, create=True)
    yield store
    store.close()
