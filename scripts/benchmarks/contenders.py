"""Who is measured: the ledger, and the two floors under the same WSGI server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from api.config import databases as stores
from api.config.settings import Settings
from scripts.benchmarks.cache import ROOT
from scripts.benchmarks.floors import handler
from scripts.benchmarks.posts import SECRET, TOLERANCE_SECONDS
from scripts.benchmarks.processes import free_port, running

__all__ = ["CONTENDERS", "HANDLER", "LEDGER", "VERIFY", "Contender", "Server"]

THREADS = Settings.read({}).threads


@dataclass(frozen=True, slots=True)
class Server:
    """A contender at work."""

    port: int
    pid: int
    url: str


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that takes webhooks; ``ids`` is the query for what it has kept."""

    name: str
    about: str
    command: Callable[[int, int], list[str]]
    prepare: Callable[[str, Iterable[str]], None]
    ids: str | None

    @contextmanager
    def at_work(
        self, url: str, workers: int, directory: Path, object_ids: Iterable[str] = ()
    ) -> Iterator[Server]:
        """Its server, with a fresh store."""
        self.prepare(url, object_ids)
        port = free_port()
        # Only the floors are modules of the repository alone; the ledger must not see a .env.
        place = ROOT if self.is_floor else directory
        log = directory / f"{self.name}.log"
        command = [sys.executable, "-m", *self.command(port, workers)]
        with running(command, port, place, log, _environ(url, port, workers)) as pid:
            yield Server(port, pid, url)

    @property
    def is_floor(self) -> bool:
        """Whether it is there to be compared with."""
        return self is VERIFY or self is HANDLER

    def stored(self, url: str) -> frozenset[str]:
        """The ids of the events it has kept."""
        if self.ids is None:
            return frozenset()
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                return frozenset(connection.execute(text(self.ids)).scalars())
        finally:
            engine.dispose()


def _environ(url: str, port: int, workers: int) -> Mapping[str, str]:
    return {
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


def _create(url: str, _: Iterable[str]) -> None:
    stores.create(Settings.read({"LEDGER_DATABASE_URL": url}))


def _nothing(_: str, __: Iterable[str]) -> None:
    """Verifying needs no store."""


def _floor(name: str) -> Callable[[int, int], list[str]]:
    return lambda port, workers: [
        "scripts.benchmarks.floors.serve", str(os.getpid()), name, *_numbers(port, workers)
    ]  # fmt: skip


def _numbers(port: int, workers: int) -> list[str]:
    return [str(port), str(workers), str(THREADS)]


LEDGER = Contender(
    "ledger",
    "ledger serve: web workers and follower",
    lambda port, workers: ["api.commands", "serve"],
    _create,
    "SELECT event_id FROM ledger_events",
)
WEB = Contender(
    "web",
    "the ledger's web workers without the follower",
    lambda port, workers: [
        "api.serve.web",
        str(os.getpid()),
        "127.0.0.1",
        *_numbers(port, workers),
    ],
    _create,
    LEDGER.ids,
)
VERIFY = Contender("verify", "floor (a): read, verify, answer", _floor("verify"), _nothing, None)
HANDLER = Contender(
    "handler",
    "floor (b): construct_event, INSERT, UPDATE, commit",
    _floor("handler"),
    handler.prepare,
    "SELECT id FROM events",
)
CONTENDERS = {each.name: each for each in (LEDGER, WEB, VERIFY, HANDLER)}
