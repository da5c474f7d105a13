"""The WSGI application: stores, routes and error handling put together, in one place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from api import problems
from api.backend import Backend, backend_of
from api.config.settings import Settings
from api.ingest import webhook
from api.keys import Keys, KeyStore
from api.resources import docs_page as docs
from api.resources import events, kinds, probes, projections, quarantine, summary
from api.resources.route import StrictBlueprint
from api.telemetry import delivery_metrics as tally
from api.telemetry import logs, metrics
from ledger import Appender, Ledger
from projections import Kind, Projections

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class IdConverter(BaseConverter):
    """An id in a path: what Stripe's ids may be made of, so that anything else is a 404."""

    regex = r"[ -.0-~]{1,255}"


class _Application(Flask):
    """Flask for the API; deliveries are taken in front of it."""

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        logs.begin_request()
        if environ.get("PATH_INFO") == webhook.PATH and environ["REQUEST_METHOD"] == "POST":
            return self._take(environ, start_response)
        # No answer depends on the Host header, and a malformed one must not become an error.
        environ.pop("HTTP_HOST", None)
        environ["SERVER_NAME"] = "localhost"
        answer = super().wsgi_app(environ, start_response)
        # No answer is longer than memory. A list is what servers send in one step.
        try:
            return [b"".join(answer)]
        finally:
            answer.close()  # type: ignore[attr-defined]  # what Werkzeug returns has it

    def _take(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = webhook.receive(backend_of(self), environ, self.config["DRAINING"])
        start_response(
            f"{answer.status} {HTTPStatus(answer.status).phrase}",
            [
                ("Content-Type", answer.content_type),
                ("Content-Length", str(len(answer.body))),
                *answer.headers.items(),
                *_seal().items(),
            ],
        )
        return [answer.body]


def create_app(
    settings: Settings,
    *,
    ledger: Ledger | None = None,
    projections: Projections | None = None,
    clock: Callable[[], float] = time.time,
    appender: Appender | None = None,
) -> Flask:
    """The application. What is not given is opened here, so call it in the process that serves.

    Whoever serves may set ``app.config["DRAINING"]`` to a function that tells of the coming end.
    """
    ledger = ledger or Ledger.open(
        settings.database_url,
        lock_timeout_ms=settings.lock_timeout_ms,
        pool_size=settings.pool_size,
    )
    appender = appender or Appender(ledger, queue_max=settings.queue_max, on_batch=_on_batch)
    tally.watch(lambda: appender.depth)
    backend = Backend(
        settings=settings,
        ledger=ledger,
        projections=projections or Projections.open(ledger),
        appender=appender,
        keys=Keys(settings.api_keys, KeyStore(ledger.engine)),
        clock=clock,
    )
    app = _flask(settings)
    backend.attach(app)
    declared = backend.projections.kinds
    docs.register(app, _declare(app, settings, declared), declared)
    problems.register(app)
    return app


def _on_batch(size: int, seconds: float) -> None:
    metrics.observe_batch(size, seconds)
    # Should nobody wait any more for what was written, the queue is still seen to be shorter.
    tally.waits()


def _flask(settings: Settings) -> Flask:
    app = _Application("api", static_folder=None)
    app.config.update(
        DRAINING=lambda: False,
        # Routes that take no body read none; the way in counts its own, to the byte.
        MAX_CONTENT_LENGTH=settings.max_body + 1,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.url_map.merge_slashes = False  # merging would answer with a redirect
    app.url_map.converters["id"] = IdConverter
    app.after_request(_sealed)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app


def _declare(app: Flask, settings: Settings, declared: Mapping[str, Kind]) -> dict[str, Any]:
    """Register every route and return the OpenAPI document that follows from them."""
    app.config.update(API_TITLE="Ledger", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    api = Api(app, spec_kwargs=docs.SPEC_OPTIONS)
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    api.register_converter(IdConverter, _id_parameter)
    for blueprint in _blueprints(settings, declared):
        api.register_blueprint(blueprint)
    document: dict[str, Any] = api.spec.to_dict()
    return document


def _blueprints(settings: Settings, declared: Mapping[str, Kind]) -> Iterable[StrictBlueprint]:
    yield probes.webhook_blueprint()
    yield from kinds.blueprints(declared)
    yield events.blueprint()
    yield summary.blueprint()
    yield projections.blueprint()
    yield projections.dead_letters_blueprint()
    yield quarantine.blueprint()
    yield probes.blueprint()
    if not settings.metrics_address:
        yield probes.metrics_blueprint()
    yield docs.blueprint()


def _id_parameter(converter: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{IdConverter.regex}$", "maxLength": 255}


def _sealed(response: Response) -> Response:
    response.headers.update(_seal())
    return response


def _seal() -> dict[str, str]:
    """What every answer carries."""
    return {"Request-Id": logs.request_id(), "X-Content-Type-Options": "nosniff"}
