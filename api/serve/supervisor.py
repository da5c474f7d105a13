"""The supervisor: starts the processes of a ledger, restarts them, and shuts them down in order.

It has no database connection and no thread that starting children could damage, and does so little
that it hardly ever fails itself.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from importlib.metadata import version
from types import FrameType

import click

from api.config import databases
from api.config.asking import asks_stripe
from api.config.settings import Settings
from api.serve import address
from api.serve.child import Child
from api.serve.handlers import subscribe_handlers
from api.serve.run import Run
from api.telemetry import logs
from ledger import StoreUnavailable
from ledger.urls import without_secrets

__all__ = ["serve"]

_TICK_SECONDS = 0.1
# With the time that a body may take, longer than servers give their workers.
_STOP_SECONDS_MAX = 15
_METRICS_THREADS = 4


def serve(settings: Settings) -> bool:
    """Serve until SIGTERM or Ctrl-C; whether every process ended by itself.

    Raises `AddressTaken` and the ledger's errors before it has started anything, and `CannotStart`.
    """
    with ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in _listen(settings)]
        databases.create(settings)
        subscribe_handlers(settings)
        stop = _StopSignals()
        run = stack.enter_context(closing(Run()))
        children = _children(settings, listeners, run)
        try:
            _keep_running(settings, children, stop, run)
            _drain(settings, stop, run)
        finally:
            # Only a socket that nobody has open refuses connections.
            for listener in listeners:
                listener.close()
            ended = _end(children, settings.body_seconds + _STOP_SECONDS_MAX)
        return _checkpoint(settings) and ended


def _listen(settings: Settings) -> Iterator[socket.socket]:
    """The API's socket, and that of the metrics if they have an address of their own."""
    yield address.listen(settings.host, settings.port)
    if settings.metrics_address:
        yield address.listen(*settings.metrics_address, setting="LEDGER_METRICS_ADDRESS")


def _children(settings: Settings, listeners: Sequence[socket.socket], run: Run) -> Sequence[Child]:
    """The processes to run; that of the web comes first."""
    sizes = [("web", settings.workers, settings.threads), ("metrics", 1, _METRICS_THREADS)]
    draining = run.draining.fileno()
    servers = [
        Child(
            name,
            draining,
            listener.fileno(),
            workers,
            threads,
            settings.idle_seconds,
            settings.body_seconds,
            descriptors=[draining, listener.fileno()],
        )
        for (name, workers, threads), listener in zip(sizes, listeners, strict=False)
    ]
    # They leave the processor to the web until that has started.
    notifier = ["notifier"] if settings.notifier else []
    last = [*notifier, *(["asker"] if asks_stripe(settings) else [])]
    return [*servers, Child("follower"), *(Child(name, starts_last=True) for name in last)]


def _checkpoint(settings: Settings) -> bool:
    """Leave SQLite's files whole without their WAL: a copy of the file alone is often a backup."""
    try:
        if not databases.checkpoint(settings):
            logs.log.info("database_in_use", wal="left to the process that uses it")
    except StoreUnavailable as error:
        logs.log.error("checkpoint_failed", error=str(error))
        return False
    return True


class _StopSignals:
    """Counts the requests to stop: the first starts the draining, a second cuts it short."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._increment)

    def _increment(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


def _keep_running(
    settings: Settings, children: Sequence[Child], stop: _StopSignals, run: Run
) -> None:
    web, announced = children[0], False
    while not stop.count:
        run.keep()
        for child in children:
            if announced or not child.starts_last:
                child.ensure_running()
        if not announced and web.has_started():
            _announce(settings)
            announced = True
        time.sleep(_TICK_SECONDS)
    # A client may have got its first answers, and stopped the ledger, within the last tick.
    if not announced and web.has_started():
        _announce(settings)


def _drain(settings: Settings, stop: _StopSignals, run: Run) -> None:
    """Let load balancers see /readyz fail for a while; everything else is served meanwhile."""
    logs.log.info("draining", seconds=settings.drain_seconds)
    run.drain()
    closes_at = time.monotonic() + settings.drain_seconds
    while time.monotonic() < closes_at and stop.count < 2:
        time.sleep(_TICK_SECONDS)


def _end(children: Sequence[Child], seconds: float) -> bool:
    """End all processes, within so many seconds each; whether every one ended by itself."""
    for child in children:
        child.terminate()
    ended = [child.wait(seconds) for child in children]
    logs.log.info("stopped")
    return all(ended)


def _announce(settings: Settings) -> None:
    """Print where the ledger listens."""
    try:
        click.echo(
            f"ledger {version('stripe-ledger')} listens on"
            f" http://{address.host_port(settings.host, settings.port)}"
            f" ({settings.workers} web, 1 follower, {settings.notifier:d} notifier)"
            f" and keeps its log in {without_secrets(settings.database_url)};"
            " Ctrl-C stops it"
        )
    except OSError:
        # Standard output is closed or full. That is no reason to refuse events, nor to fail at the
        # end, when the interpreter flushes it once more.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
