"""`scripts/bench query`: what a question costs the server, by calls of the WSGI application."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from statistics import quantiles
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from api.app import create_app
from api.config.settings import Settings
from ledger import Ledger
from projections import Projections
from scripts.benchmarks.cache import say, scratch
from scripts.benchmarks.children import run
from scripts.benchmarks.logs import Logs, logs
from scripts.benchmarks.posts import SECRET
from scripts.benchmarks.rebuild import rebuild_all

__all__ = ["query"]

_KEY = "lk_benchmarks_0123456789abcdef"
_ROWS = 500
_WARM = 50
_DAY_SECONDS = 86_400


def query(events: tuple[int, ...], databases: tuple[str, ...], asked: int) -> list[dict[str, Any]]:
    """A row per question."""
    rows: list[dict[str, Any]] = []
    with scratch() as directory:
        for name in databases:
            with logs(name, directory) as kept:
                for count in events:
                    rows += _questions(kept, count, asked)
    return rows


def _questions(kept: Logs, events: int, asked: int) -> Iterator[dict[str, Any]]:
    url = kept.log(events)
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    projections.create()
    if min(projections.position(kind) for kind in projections.kinds) < events:
        say(f"{kept.name}: rebuilding {events:,} events to ask about")
        run(rebuild_all, url)
    environ = {
        "LEDGER_DATABASE_URL": url, "LEDGER_API_KEY": _KEY, "STRIPE_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    settings = Settings.read(environ, serving=True)
    app = create_app(settings, ledger=ledger, projections=projections)
    for name, paths in _paths(projections).items():
        times = list(_times(app, list(islice(cycle(paths), asked + _WARM))))[_WARM:]
        cuts = quantiles(times, n=100)
        yield {
            "database": kept.name,
            "events": events,
            "question": name,
            "asked": len(times),
            "p50 ms": cuts[49],
            "p99 ms": cuts[98],
        }
    projections.close()
    ledger.close()


def _paths(projections: Projections) -> dict[str, list[str]]:
    rows = list(_orders(projections))
    return {
        "one": [f"/v1/orders/{row['id']}" for row in rows],
        "filtered list": [
            f"/v1/orders?status={row['status']}&limit=20&created[lte]={row['created']}"
            for row in rows
        ],
        "as_of": [f"/v1/orders/{row['id']}?as_of={_after(row['created'])}" for row in rows],
    }


def _orders(projections: Projections) -> Iterator[dict[str, Any]]:
    """Orders from all over the log, by hops through its time."""
    first, last = _bounds(projections)
    for number in range(_ROWS):
        until = first + (last - first) * (number + 1) // _ROWS
        yield from projections.list("orders", created={"lte": until}, limit=1).items


def _bounds(projections: Projections) -> tuple[int, int]:
    newest = projections.list("orders", limit=1).items[0]["created"]
    oldest = projections.log.after(0, 1)[0].created
    return oldest, newest


def _after(created: int) -> str:
    return datetime.fromtimestamp(created + _DAY_SECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _times(app: Flask, paths: list[str]) -> Iterator[float]:
    """Milliseconds of each call, from the environment to the last byte."""
    for path in paths:
        environ = EnvironBuilder(path, headers=[("Authorization", f"Bearer {_KEY}")]).get_environ()
        started = time.perf_counter()
        _, status, _ = run_wsgi_app(app, environ, buffered=True)
        took = 1000 * (time.perf_counter() - started)
        if not status.startswith("200"):
            raise RuntimeError(f"GET {path} was answered {status}")
        yield took
