"""What a web worker serves: the application, connected to the run that it belongs to."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import replace
from multiprocessing import parent_process
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from api.app import create_app
from api.config.settings import Settings
from api.serve.front import Front
from api.serve.parent import end_with_parent
from api.telemetry import logs, multiprocess

__all__ = ["front", "metrics", "web"]

_COLLECT_AFTER = 20_000


def web(is_draining: Callable[[], bool] | None = None) -> Flask:
    """The whole application, for any WSGI server."""
    return _create(Settings.read(serving=True), is_draining)


def front(is_draining: Callable[[], bool] | None = None) -> Front:
    """The whole application as `ledger serve` serves it."""
    return Front(web(is_draining))


def metrics(is_draining: Callable[[], bool] | None = None) -> WSGIApplication:
    """`/metrics` alone, for an address of its own that a monitoring system may reach."""
    settings = replace(Settings.read(serving=True), metrics_address=None)
    application = _create(settings, is_draining)

    def only_metrics(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/metrics":
            return application(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    return only_metrics


def _create(settings: Settings, is_draining: Callable[[], bool] | None) -> Flask:
    logs.configure(settings.log_format, buffered=True)
    application = create_app(settings)
    if is_draining is not None:
        application.config["DRAINING"] = is_draining
        multiprocess.remove_gauges_of_dead_workers()
    parent = parent_process()
    if parent is not None and parent.pid is not None:
        end_with_parent(parent.pid)
    _collect_garbage_rarely()
    return application


def _collect_garbage_rarely() -> None:
    # What was created so far stays for good, and garbage in cycles is rare.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
