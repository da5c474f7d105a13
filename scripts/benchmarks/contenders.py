"""The contenders: the ledger, and two baselines as WSGI applications under the same server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from api.config import databases
from api.config.settings import Settings
from api.serve.address import free_port
from scripts.benchmarks.baselines import handler
from scripts.benchmarks.cache import ROOT
from scripts.benchmarks.posts import SECRET, TOLERANCE_SECONDS
from scripts.benchmarks.processes import running_server

__all__ = ["CONTENDERS", "HANDLER", "LEDGER", "VERIFY", "Contender", "Server"]

THREADS = Settings.read({}).threads


@dataclass(frozen=True, slots=True)
class Server:
    """A contender's running server."""

    port: int
    pid: int
    url: str
    """The URL of its database."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that takes webhooks.

    ``command`` takes the port and the number of workers. ``prepare`` makes the tables in a
    database, for objects with these ids. ``ids_query`` selects the ids of the stored events.
    """

    name: str
    description: str
    command: Callable[[int, int], list[str]]
    prepare: Callable[[str, Iterable[str]], None]
    ids_query: str | None

    @contextmanager
    def running(
        self, url: str, workers: int, directory: Path, object_ids: Iterable[str] = ()
    ) -> Iterator[Server]:
        """Run its server on an empty database, which is prepared first."""
        self.prepare(url, object_ids)
        port = free_port("127.0.0.1")
        # Baselines are modules of the repository only, in which the ledger must not read a .env.
        log = directory / f"{self.name}.log"
        command = [sys.executable, "-m", *self.command(port, workers)]
        environ = _environ(url, port, workers)
        with running_server(command, port, directory, log, environ) as pid:
            yield Server(port, pid, url)

    @property
    def is_baseline(self) -> bool:
        """Whether the ledger is compared with it."""
        return self is VERIFY or self is HANDLER

    def stored_ids(self, url: str) -> frozenset[str]:
        """Return the ids of the events that its database has."""
        if self.ids_query is None:
            return frozenset()
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                return frozenset(connection.execute(text(self.ids_query)).scalars())
        finally:
            engine.dispose()


def _environ(url: str, port: int, workers: int) -> Mapping[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "LEDGER_DATABASE_URL": url,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "LEDGER_SIGNATURE_TOLERANCE": str(TOLERANCE_SECONDS),
        "LEDGER_PORT": str(port),
        "LEDGER_WORKERS": str(workers),
        "LEDGER_THREADS": str(THREADS),
        "LEDGER_DRAIN_SECONDS": "0",
        "LEDGER_LOG_FORMAT": "json",
        handler.VARIABLE: url,
    }


def _create_tables(url: str, _: Iterable[str]) -> None:
    databases.create(Settings.read({"LEDGER_DATABASE_URL": url}))


def _prepare_nothing(_: str, __: Iterable[str]) -> None:
    """Verifying a signature needs no database."""


def _served(target: str, interface: str = "wsgi") -> Callable[[int, int], list[str]]:
    """The command that serves the application of a factory, `module:name`."""
    return lambda port, workers: [
        "scripts.benchmarks.baselines.serve",
        *map(str, (os.getpid(), target, interface, port, workers, THREADS)),
    ]


LEDGER = Contender(
    "ledger",
    "ledger serve: web workers and follower",
    lambda port, workers: ["api.commands", "serve"],
    _create_tables,
    "SELECT event_id FROM ledger_events",
)
WEB = Contender(
    "web",
    "the ledger's web workers without the follower",
    _served("api.serve.worker:front", "rsgi"),
    _create_tables,
    LEDGER.ids_query,
)
VERIFY = Contender(
    "verify",
    "baseline (a): read, verify, respond",
    _served("scripts.benchmarks.baselines.verify:app"),
    _prepare_nothing,
    None,
)
HANDLER = Contender(
    "handler",
    "baseline (b): construct_event, INSERT, UPDATE, commit",
    _served("scripts.benchmarks.baselines.handler:app"),
    handler.prepare,
    "SELECT id FROM events",
)
CONTENDERS = {contender.name: contender for contender in (LEDGER, WEB, VERIFY, HANDLER)}
