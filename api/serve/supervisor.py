"""The supervisor: starts the processes of a ledger, keeps them alive, ends them in good order.

It holds no database connection and no thread, so that nothing of it can be damaged by starting
children, and it does so little that there is little in it to die of.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from importlib.metadata import version
from types import FrameType

import click

from api.config import databases as stores
from api.config.settings import Settings
from api.serve import address
from api.serve.child import Child
from api.serve.run import Run
from api.telemetry import logs

__all__ = ["serve"]

_TICK_SECONDS = 0.1
_STOP_SECONDS_MAX = 20
_METRICS_THREADS = 4


def serve(settings: Settings) -> bool:
    """Serves until SIGTERM or Ctrl-C; whether every process ended by itself."""
    at = address.claim(settings.host, settings.port)
    children = [
        Child("web", at, settings.port, settings.workers, settings.threads),
        Child("follower"),
    ]
    if settings.metrics_address:
        host, port = settings.metrics_address
        children.append(Child("metrics", address.claim(host, port), port, 1, _METRICS_THREADS))
    stores.create(settings)
    stop = _Stop()
    run = Run.begin()
    try:
        _work(settings, children, stop)
        return _end(settings, children, stop, run)
    finally:
        run.end()


class _Stop:
    """Counts the requests to end: the first starts the draining, a second cuts it short."""

    def __init__(self) -> None:
        self.requests = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._count)

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self.requests += 1


def _work(settings: Settings, children: list[Child], stop: _Stop) -> None:
    announced = False
    while not stop.requests:
        for child in children:
            child.keep()
        if not announced and address.answers(settings.host, settings.port):
            announced = True
            _announce(settings)
        time.sleep(_TICK_SECONDS)


def _end(settings: Settings, children: list[Child], stop: _Stop, run: Run) -> bool:
    """Load balancers see /readyz fail for a while before the listener closes."""
    logs.log.info("draining", seconds=settings.drain_seconds)
    run.drain()
    closes_at = time.monotonic() + settings.drain_seconds
    while time.monotonic() < closes_at and stop.requests < 2:
        time.sleep(_TICK_SECONDS)
    for child in children:
        child.terminate()
    ended = [child.wait(_STOP_SECONDS_MAX) for child in children]
    logs.log.info("stopped")
    return all(ended)


def _announce(settings: Settings) -> None:
    try:
        click.echo(
            f"ledger {version('stripe-ledger')} listens on"
            f" http://{address.shown(settings.host, settings.port)}"
            f" ({settings.workers} web, 1 follower)"
            f" and keeps its log in {stores.without_password(settings.database_url)}; Ctrl-C ends it"
        )
    except OSError:
        # A line that nobody can read any more is no reason to refuse facts, nor to end as if
        # something had failed, when the interpreter tries to write it once more.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
