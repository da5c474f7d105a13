"""What a web worker serves: the application, connected to the run that it belongs to."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from prometheus_client.multiprocess import mark_process_dead

from api.app import create_app
from api.config.settings import Settings
from api.serve.parent import end_with_parent
from api.serve.run import Run
from api.telemetry import logs
from ledger.processes import is_process_alive

__all__ = ["metrics", "web"]

_COLLECT_AFTER = 20_000


def web() -> Flask:
    """The whole application."""
    return _create(Settings.read(serving=True))


def metrics() -> WSGIApplication:
    """`/metrics` alone, for an address of its own that a monitoring system may reach."""
    application = _create(replace(Settings.read(serving=True), metrics_address=None))

    def only_metrics(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/metrics":
            return application(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    return only_metrics


def _create(settings: Settings) -> Flask:
    logs.configure(settings.log_format, buffered=True)
    application = create_app(settings)
    run = Run.current()
    if run is not None:
        application.config["DRAINING"] = run.draining_flag()
        _remove_gauges_of_dead_workers(run.metrics)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with_parent(parent.pid)
    _collect_garbage_rarely()
    return application


def _collect_garbage_rarely() -> None:
    # What was created so far stays for good, and garbage in cycles is rare.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


def _remove_gauges_of_dead_workers(directory: Path) -> None:
    """A killed worker leaves its gauges behind; its successor removes them."""
    for file in directory.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not is_process_alive(pid):
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
