"""The supervisor: starts the processes of a ledger, restarts them, and shuts them down in order.

It has no database connection and no thread that starting children could damage, and does so little
that it hardly ever fails itself.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from importlib.metadata import version
from types import FrameType

import click

from api.config import databases
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
    """Serve until SIGTERM or Ctrl-C; whether every process ended by itself.

    Raises `AddressTaken` and the ledger's errors, before it has started anything.
    """
    resolved = address.claim(settings.host, settings.port)
    children = [
        Child("web", resolved, settings.port, settings.workers, settings.threads),
        Child("follower"),
    ]
    if settings.metrics_address:
        host, port = settings.metrics_address
        children.append(Child("metrics", address.claim(host, port), port, 1, _METRICS_THREADS))
    databases.create(settings)
    stop = _StopSignals()
    run = Run.create()
    try:
        _keep_running(settings, children, stop)
        return _shut_down(settings, children, stop, run)
    finally:
        run.remove()


class _StopSignals:
    """Counts the requests to stop: the first starts the draining, a second cuts it short."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._increment)

    def _increment(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


def _keep_running(settings: Settings, children: list[Child], stop: _StopSignals) -> None:
    announced = False
    while not stop.count:
        for child in children:
            child.ensure_running()
        announced = announced or _announce(settings)
        time.sleep(_TICK_SECONDS)
    # A client may have got its first answers, and stopped the ledger, within the last tick.
    if not announced:
        _announce(settings)


def _shut_down(settings: Settings, children: list[Child], stop: _StopSignals, run: Run) -> bool:
    """Let load balancers see /readyz fail for a while, then end all processes."""
    logs.log.info("draining", seconds=settings.drain_seconds)
    run.drain()
    closes_at = time.monotonic() + settings.drain_seconds
    while time.monotonic() < closes_at and stop.count < 2:
        time.sleep(_TICK_SECONDS)
    for child in children:
        child.terminate()
    ended = [child.wait(_STOP_SECONDS_MAX) for child in children]
    logs.log.info("stopped")
    return all(ended)


def _announce(settings: Settings) -> bool:
    """Print where the ledger listens, once it does; whether it does."""
    if not address.accepts_connections(settings.host, settings.port):
        return False
    try:
        click.echo(
            f"ledger {version('stripe-ledger')} listens on"
            f" http://{address.host_port(settings.host, settings.port)}"
            f" ({settings.workers} web, 1 follower)"
            f" and keeps its log in {databases.without_password(settings.database_url)};"
            " Ctrl-C stops it"
        )
    except OSError:
        # Standard output is closed or full. That is no reason to refuse events, nor to fail at the
        # end, when the interpreter flushes it once more.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    return True
