"""`scripts/bench notify`: the feed, and handing it to a receiver on this machine, end to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from api.config import databases
from api.config.settings import Settings
from api.notify.stores import NotifyStores
from api.serve.address import free_port
from api.simulator import sign
from ledger import Ledger
from projections import Projections
from scripts.benchmarks.cache import ROOT, print_progress, scratch_directory
from scripts.benchmarks.contenders import LEDGER
from scripts.benchmarks.events import bodies
from scripts.benchmarks.logs import Logs, open_logs
from scripts.benchmarks.posts import SECRET
from scripts.benchmarks.processes import running_server
from scripts.benchmarks.subscribed import measure_subscribed

__all__ = ["NotifyPlan", "measure_notify"]

_WAIT_SECONDS_MAX = 600
_QUIET_SECONDS = 5.0
_SIZES_BYTES = range(500, 60_000)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NotifyPlan:
    """The options of a run: events in the log, a rate of webhooks, and for how many seconds."""

    events: int
    rate: int
    seconds: int
    databases: tuple[str, ...]


def measure_notify(plan: NotifyPlan) -> tuple[list[Row], list[str]]:
    """Measure; return the table's rows, and the notes below it."""
    rows = []
    with scratch_directory() as directory:
        for name in plan.databases:
            scratch = directory / name
            scratch.mkdir()
            with open_logs(name, scratch) as logs:
                print_progress(f"{name}: the feed of {plan.events:,} events")
                row = {"database": name, **_feed(logs, plan.events)}
                print_progress(f"{name}: handing it out")
                row |= _handing_out(logs, plan.events, scratch)
                print_progress(f"{name}: lag at {plan.rate} webhooks a second")
                row |= _lag(logs.create_empty(), plan, scratch)
                print_progress(f"{name}: webhooks with and without a subscriber")
                row |= measure_subscribed(logs.create_empty, _subscribed, scratch)
            rows.append(row)
    return rows, [
        f"feed: reading {plan.events:,} events; end to end: from an empty feed to the last"
        " notification at the receiver, by `ledger notify` in one process",
        f"lag: from the answer to a webhook to its notification's arrival, at {plan.rate} webhooks"
        f" a second for {plan.seconds} s, `ledger serve` whole",
        "ingest: webhooks a second at full speed over 16 connections, without a subscriber and with"
        " one that is sent all; the ratio is the median of three rounds' own",
    ]


@contextmanager
def _opened(url: str) -> Iterator[NotifyStores]:
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    projections.create()
    stores = NotifyStores.open(ledger, projections)
    stores.create()
    try:
        yield stores
    finally:
        stores.close()
        projections.close()
        ledger.close()


def _feed(logs: Logs, events: int) -> Row:
    with _opened(logs.copy(logs.log(events))) as stores:
        started = time.perf_counter()
        while stores.feed.follow():
            pass
        following = time.perf_counter() - started
        started = time.perf_counter()
        stores.feed.rebuild()
        rebuilding = time.perf_counter() - started
    return {"feed/s": events / following, "rebuilt/s": events / rebuilding}


def _handing_out(logs: Logs, events: int, directory: Path) -> Row:
    url = logs.copy(logs.log(events))
    with _receiver(directory) as receiver, _opened(url) as stores:
        while stores.feed.projections.follow():
            pass
        stores.subscribers.add(receiver.url, ["*"], begin="beginning", history=True)
        with _running(["notify"], url, directory):
            started = time.time()
            received = receiver.wait(lambda: sum(stores.feed.counts().values()))
    seconds = received[-1][0] - started
    ids = [each[1] for each in received]
    return {
        "notifications": len(set(ids)),
        "end to end/s": len(ids) / seconds,
        "twice": len(ids) - len(set(ids)),
    }


def _lag(url: str, plan: NotifyPlan, directory: Path) -> Row:
    with (
        _subscribed(url, directory) as (receiver, stores),
        LEDGER.running(url, 1, directory) as server,
    ):
        posted = _post(server.port, plan.rate, plan.seconds)
        received = receiver.wait(lambda: sum(stores.feed.counts().values()))
    lags = sorted(seconds - posted[event] for seconds, _, event in received if event in posted)
    return {
        "lag p50 ms": 1000 * lags[len(lags) // 2],
        "p99 ms": 1000 * lags[len(lags) * 99 // 100],
        "max ms": 1000 * lags[-1],
    }


@contextmanager
def _subscribed(url: str, directory: Path) -> Iterator[tuple[_Receiver, NotifyStores]]:
    """A new ledger with a receiver that is sent all that it hears of."""
    databases.create(Settings.read({"LEDGER_DATABASE_URL": url}))
    with _receiver(directory) as receiver, _opened(url) as stores:
        stores.subscribers.add(receiver.url, ["*"], history=True)
        yield receiver, stores


def _post(port: int, rate: int, seconds: int) -> dict[str, float]:
    """Post so many webhooks a second; when each was answered, by its event's id."""
    posted: dict[str, float] = {}
    url = f"http://127.0.0.1:{port}/webhooks/stripe"
    with requests.Session() as session:
        sent = list(bodies(rate * seconds, sizes_bytes=_SIZES_BYTES))
        started = time.time()
        for number, body in enumerate(sent):
            time.sleep(max(0.0, started + number / rate - time.time()))
            headers = {
                "Content-Type": "application/json",
                "Stripe-Signature": sign(body, SECRET, int(time.time())),
            }
            session.post(url, data=body, headers=headers, timeout=10).raise_for_status()
            id = body.partition(b'"id"')[2].partition(b'"')[2].partition(b'"')[0].decode()
            posted[id] = time.time()
    return posted


@dataclass(frozen=True, slots=True)
class _Receiver:
    url: str
    path: Path

    def wait(self, expected: Callable[[], int]) -> list[tuple[float, str, str]]:
        """What has arrived once as much has as is expected, and nothing more comes."""
        deadline = time.monotonic() + _WAIT_SECONDS_MAX
        size, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            lines = self.path.read_text().splitlines()
            if len(lines) != size:
                size, since = len(lines), time.monotonic()
            if time.monotonic() - since > _QUIET_SECONDS and size >= expected():
                break
            time.sleep(0.2)
        parts = [line.split() for line in self.path.read_text().splitlines()]
        return [(float(seconds), id, event) for seconds, id, event in parts]


@contextmanager
def _receiver(directory: Path) -> Iterator[_Receiver]:
    port, path = free_port("127.0.0.1"), directory / "received"
    path.write_text("")
    command = [sys.executable, "-m", "scripts.benchmarks.baselines.receiver", str(port), str(path)]
    log = directory / "receiver.log"
    with running_server(command, port, directory, log, {"PYTHONPATH": str(ROOT)}):
        yield _Receiver(f"http://127.0.0.1:{port}/", path)


@contextmanager
def _running(arguments: list[str], url: str, directory: Path) -> Iterator[None]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LEDGER_DATABASE_URL": url}
    with (directory / "notify.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.commands", *arguments],
            cwd=directory,
            env=environ,
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
