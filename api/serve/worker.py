"""What a web worker serves: the application, tied to the run that it is part of."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from prometheus_client.multiprocess import mark_process_dead

from api.app import create_app
from api.config.settings import Settings
from api.serve.run import Run, end_with_parent
from api.telemetry import logs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["metrics", "web"]

_COLLECT_AFTER = 20_000


def web() -> Flask:
    """The whole application."""
    return _joined(Settings.read(serving=True))


def metrics() -> WSGIApplication:
    """`/metrics` alone, for an address of its own that may be reached by others."""
    application = _joined(replace(Settings.read(serving=True), metrics_address=None))

    def only_metrics(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/metrics":
            return application(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    return only_metrics


def _joined(settings: Settings) -> Flask:
    logs.configure(settings.log_format, gather=True)
    application = create_app(settings)
    run = Run.joined()
    if run is not None:
        application.config["DRAINING"] = run.watch()
        _forget_dead_workers(run.metrics)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with_parent(parent.pid)
    _spare_the_collector()
    return application


def _spare_the_collector() -> None:
    """What was made so far stays; garbage in cycles is rare, so it is looked for rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


def _forget_dead_workers(directory: Path) -> None:
    """A killed worker leaves its gauges behind; its successor takes them away."""
    for left in directory.glob("gauge_live*_*.db"):
        pid = int(left.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
