"""`scripts/bench query`: the time of API requests, by calls of the WSGI application."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from statistics import quantiles
from typing import Any
from urllib.parse import quote

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from api.app import create_app
from api.config.settings import Settings
from ledger import Ledger
from projections import KINDS, Page, Projections
from projections.rows.terms import row_terms
from scripts.benchmarks.cache import print_progress, scratch_directory
from scripts.benchmarks.children import run
from scripts.benchmarks.logs import Logs, open_logs
from scripts.benchmarks.posts import SECRET
from scripts.benchmarks.rebuild import rebuild_all

__all__ = ["measure_query"]

_KEY = "lk_benchmarks_0123456789abcdef"
_ROWS = 500
_WARM_REQUESTS = 50
_DAY_SECONDS = 86_400


def measure_query(
    events: tuple[int, ...], databases: tuple[str, ...], request_count: int
) -> list[dict[str, Any]]:
    """Measure; return a row per kind of request."""
    rows: list[dict[str, Any]] = []
    with scratch_directory() as directory:
        for name in databases:
            with open_logs(name, directory) as logs:
                for count in events:
                    rows += _measure(logs, count, request_count)
    return rows


def _measure(logs: Logs, events: int, request_count: int) -> Iterator[dict[str, Any]]:
    url = logs.log(events)
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    projections.create()
    if min(projections.position(kind) for kind in projections.kinds) < events:
        print_progress(f"{logs.name}: rebuilding {events:,} events to query")
        run(rebuild_all, url)
    environ = {
        "LEDGER_DATABASE_URL": url, "LEDGER_API_KEY": _KEY, "STRIPE_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    settings = Settings.read(environ, serving=True)
    app = create_app(settings, ledger=ledger, projections=projections)
    for name, paths in _paths(projections).items():
        requests = list(islice(cycle(paths), request_count + _WARM_REQUESTS))
        times_ms = list(_times_ms(app, requests))[_WARM_REQUESTS:]
        percentiles = quantiles(times_ms, n=100)
        yield {
            "database": logs.name,
            "events": events,
            "query": name,
            "requests": len(times_ms),
            "p50 ms": percentiles[49],
            "p99 ms": percentiles[98],
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
        "as_of": [f"/v1/orders/{row['id']}?as_of={_day_after(row['created'])}" for row in rows],
        **_searches(rows),
        **_filtered(projections),
    }


def _searches(orders: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Searches by ids, by the values of orders, and by their beginnings."""
    kind = KINDS["orders"]
    terms = [term for row in orders for term in row_terms(kind, row) if len(term) > 1]
    return {
        "search: id": [_search(row["id"]) for row in orders],
        "search: beginning of an id": [_search(row["id"][:10]) for row in orders],
        "search: value": [_search(term) for term in terms[:_ROWS]],
        "search: beginning of a value": [_search(term[:3]) for term in terms[:_ROWS]],
        "search: 2 characters": [_search(text) for text in ("pi", "or", "an", "in", "a@")],
        "search: nothing": [_search(f"nobody{number}") for number in range(_ROWS)],
    }


def _search(text: str) -> str:
    return f"/v1/search?q={quote(text, safe='')}"


def _filtered(projections: Projections) -> dict[str, list[str]]:
    """Lists of each kind by each of its filters, with values that rows have."""
    paths = {}
    for kind in projections.kinds.values():
        rows = projections.list(kind.name, page=Page(limit=_ROWS)).items
        for name in kind.filters:
            values = {row[name] for row in rows if isinstance(row[name], str)}
            if values:
                paths[f"{kind.name} by {name}"] = [
                    f"/v1/{kind.name}?{name}={quote(value, safe='')}" for value in sorted(values)
                ]
    return paths


def _orders(projections: Projections) -> Iterator[dict[str, Any]]:
    """Yield orders from the whole log, at equal intervals of time."""
    first, last = _bounds(projections)
    for number in range(_ROWS):
        until = first + (last - first) * (number + 1) // _ROWS
        yield from projections.list("orders", created={"lte": until}, page=Page(limit=1)).items


def _bounds(projections: Projections) -> tuple[int, int]:
    newest = projections.list("orders", page=Page(limit=1)).items[0]["created"]
    oldest = projections.log.after(0, 1)[0].created
    return oldest, newest


def _day_after(created: int) -> str:
    return datetime.fromtimestamp(created + _DAY_SECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _times_ms(app: Flask, paths: list[str]) -> Iterator[float]:
    """Yield the time of each request, from the WSGI environment to the last byte."""
    for path in paths:
        environ = EnvironBuilder(path, headers=[("Authorization", f"Bearer {_KEY}")]).get_environ()
        started = time.perf_counter()
        _, status, _ = run_wsgi_app(app, environ, buffered=True)
        elapsed_ms = 1000 * (time.perf_counter() - started)
        if not status.startswith("200"):
            raise RuntimeError(f"GET {path} had the response {status}")
        yield elapsed_ms
