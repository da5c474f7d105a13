"""The WSGI application: stores, routes and error handling put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from api import problems
from api.backend import Backend, backend_of
from api.config.settings import Settings
from api.console import console
from api.ingest import webhook
from api.keys import Keys, KeyStore
from api.notify.addresses import Networks
from api.notify.stores import NotifyStores
from api.readers import Readers
from api.resources import (
    attempts,
    deliveries,
    docs_page,
    events,
    keys,
    kinds,
    notifications,
    probes,
    projections,
    quarantine,
    reconciliation,
    search,
    stripe_state,
    subscribers,
    summary,
)
from api.resources import (
    journal as journal_routes,
)
from api.resources.route import StrictBlueprint
from api.serve.requested_checks import RequestedChecks
from api.stripe.store import SweepStore
from api.telemetry import delivery_metrics, logs, metrics
from ledger import READS, Appender, Ledger
from projections import Journal, Kind, Projections


class IdConverter(BaseConverter):
    """An id in a path: characters that Stripe's ids may consist of; anything else is a 404."""

    regex = r"[ -.0-~]{1,255}"


class _Application(Flask):
    """Flask for the API; deliveries bypass it, because its routing costs them too much time."""

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        logs.begin_request()
        if is_delivery(environ):
            return self._receive_delivery(environ, start_response)
        # No response depends on the Host header, and a malformed one must not become an error.
        environ.pop("HTTP_HOST", None)
        environ["SERVER_NAME"] = "localhost"
        chunks = super().wsgi_app(environ, start_response)
        # Every response fits into memory, and servers send a list of one chunk in one step.
        try:
            return [b"".join(chunks)]
        finally:
            chunks.close()  # type: ignore[attr-defined]  # Werkzeug's iterable has it

    def _receive_delivery(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        response = webhook.receive(backend_of(self), environ)
        status = f"{response.status} {HTTPStatus(response.status).phrase}"
        start_response(status, delivery_headers(response))
        return [response.body]


def is_delivery(environ: WSGIEnvironment) -> bool:
    """Whether it is a request that delivers an event."""
    return environ.get("PATH_INFO") == webhook.PATH and environ["REQUEST_METHOD"] == "POST"


def delivery_headers(response: webhook.WebhookResponse) -> list[tuple[str, str]]:
    """All headers of the response to a delivery."""
    return [
        ("Content-Type", response.content_type),
        ("Content-Length", str(len(response.body))),
        *response.headers.items(),
        *_common_headers().items(),
    ]


def behind_proxies(application: WSGIApplication, hops: int) -> WSGIApplication:
    """The application, which then takes the client's address and scheme from so many proxies."""
    return ProxyFix(application, x_for=hops, x_proto=hops) if hops else application


def create_app(
    settings: Settings,
    *,
    ledger: Ledger | None = None,
    projections: Projections | None = None,
    notify: NotifyStores | None = None,
    journal: Journal | None = None,
    clock: Callable[[], float] = time.time,
    appender: Appender | None = None,
) -> Flask:
    """Create the application, opening the stores that are not passed in.

    Call it in the process that serves requests. The server may set ``app.config["DRAINING"]`` to
    a function that returns whether the process is shutting down.
    """
    ledger = ledger or Ledger.open(
        settings.database_url,
        lock_timeout_ms=settings.lock_timeout_ms,
        pool_size=settings.pool_size,
        limits=READS,
    )
    projections = projections or Projections.open(ledger, personal_data=settings.personal_data)
    appender = appender or Appender(ledger, queue_max=settings.queue_max, on_batch=_on_batch)
    delivery_metrics.watch_queue(lambda: appender.depth)
    backend = Backend(
        settings=settings,
        ledger=ledger,
        projections=projections,
        notify=notify
        or NotifyStores.open(ledger, projections, networks=Networks(settings.subscriber_networks)),
        journal=journal or Journal.open(ledger),
        appender=appender,
        keys=Keys(settings.api_keys, KeyStore(ledger.engine)),
        # Never more than there are connections, nor so many that probes find no thread.
        readers=Readers(settings.pool_size, settings.threads // 4),
        sweeps=SweepStore(ledger.engine, clock=clock),
        checks=RequestedChecks(settings),
        clock=clock,
    )
    app = _flask(settings)
    backend.attach(app)
    kinds_by_name = backend.projections.kinds
    docs_page.register(app, _declare(app, settings, kinds_by_name), kinds_by_name)
    console.register(app, ledger.engine, kinds_by_name, settings.session_secrets, clock)
    problems.register(app)
    return app


def _on_batch(size: int, seconds: float) -> None:
    metrics.observe_batch(size, seconds)
    # The queue is shorter now; its metric must follow even if no delivery is recorded any more.
    delivery_metrics.schedule_flush()


def _flask(settings: Settings) -> Flask:
    app = _Application("api", static_folder=None)
    app.config.update(
        DRAINING=lambda: False,
        # No other route reads a body; the webhook enforces its limit itself, to the byte.
        MAX_CONTENT_LENGTH=settings.max_body + 1,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.url_map.merge_slashes = False  # merging would respond with a redirect
    app.url_map.converters["id"] = IdConverter
    app.after_request(_add_common_headers)
    app.wsgi_app = behind_proxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[assignment,method-assign]
    return app


def _declare(app: Flask, settings: Settings, kinds_by_name: Mapping[str, Kind]) -> dict[str, Any]:
    """Register every route; returns the OpenAPI document generated from them."""
    app.config.update(API_TITLE="Ledger", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    api = Api(app, spec_kwargs=docs_page.SPEC_OPTIONS)
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    api.register_converter(IdConverter, _id_parameter)
    for blueprint in _blueprints(settings, kinds_by_name):
        api.register_blueprint(blueprint)
    document: dict[str, Any] = api.spec.to_dict()
    return document


def _blueprints(settings: Settings, kinds_by_name: Mapping[str, Kind]) -> Iterable[StrictBlueprint]:
    yield probes.webhook_blueprint()
    yield from kinds.blueprints(kinds_by_name)
    yield events.blueprint()
    yield summary.blueprint(kinds_by_name)
    yield search.blueprint(kinds_by_name)
    yield projections.blueprint()
    yield projections.dead_letters_blueprint()
    yield quarantine.blueprint()
    yield journal_routes.blueprint()
    yield reconciliation.blueprint()
    yield deliveries.blueprint()
    yield keys.blueprint()
    yield stripe_state.blueprint()
    yield notifications.blueprint()
    yield subscribers.blueprint()
    yield attempts.blueprint()
    yield probes.blueprint()
    if not settings.metrics_address:
        yield probes.metrics_blueprint()
    yield docs_page.blueprint()


def _id_parameter(converter: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{IdConverter.regex}$", "maxLength": 255}


def _add_common_headers(response: Response) -> Response:
    response.headers.update(_common_headers())
    return response


def _common_headers() -> dict[str, str]:
    """The headers of every response."""
    return {"Request-Id": logs.request_id(), "X-Content-Type-Options": "nosniff"}
