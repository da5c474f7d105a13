"""Routes for monitoring: liveness, readiness, metrics; and the declaration of the webhook route."""

from __future__ import annotations

import json

from flask import Response, request
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from werkzeug.exceptions import MethodNotAllowed

from api import problems
from api.backend import backend, is_draining
from api.ingest import webhook
from api.problems import Problem
from api.resources.route import StrictBlueprint, open_route
from api.resources.schemas import ResponseSchema, text
from api.telemetry import delivery_metrics, metrics

_TEXT = {"type": "string"}


class StatusSchema(ResponseSchema):
    """The body of a successful probe."""

    status = text("ok, or ready.")


_STATUS = StatusSchema()


def blueprint() -> StrictBlueprint:
    """Liveness and readiness."""
    blueprint = StrictBlueprint("probes", __name__, description="Probes for monitoring.")
    open_route(blueprint, "/livez", response=StatusSchema)(livez)
    not_ready = [problems.UNAVAILABLE]
    open_route(blueprint, "/readyz", response=StatusSchema, expects=not_ready)(readyz)
    return blueprint


def metrics_blueprint() -> StrictBlueprint:
    """The metrics, if they have no address of their own."""
    blueprint = StrictBlueprint("metrics", __name__, description="Metrics for Prometheus.")
    open_route(blueprint, "/metrics", response=_TEXT, content_type="text/plain")(show_metrics)
    return blueprint


def webhook_blueprint() -> StrictBlueprint:
    """The webhook endpoint."""
    blueprint = StrictBlueprint(
        "webhooks", __name__, description="The endpoint that Stripe sends its events to."
    )
    header = {
        "in": "header",
        "name": "Stripe-Signature",
        "description": "t=<Unix seconds>,v1=<HMAC-SHA256 of t.body in hex>, as Stripe sends it.",
        "required": True,
        "schema": {"type": "string"},
    }
    body = {
        "description": "The exact bytes that Stripe signed.",
        "content": {"application/json": {"schema": {}}},
    }
    open_route(
        blueprint,
        webhook.PATH,
        response=webhook.ReceiptSchema,
        method="POST",
        expects=[
            problems.NOT_VERIFIED,
            problems.BAD_REQUEST,
            problems.HTTPS_REQUIRED,
            problems.TOO_SLOW,
            problems.LENGTH_REQUIRED,
            problems.TOO_LARGE,
            problems.UNSUPPORTED_MEDIA_TYPE,
            problems.UNAVAILABLE,
        ],
        doc={"parameters": [header], "requestBody": body},
    )(receive)
    return blueprint


def livez() -> Response:
    """Check that the process responds."""
    return _status("ok")


def readyz() -> Response:
    """Check that the store can be read and the process is not shutting down."""
    if is_draining():
        raise Problem(problems.UNAVAILABLE)
    backend().ledger.log.head()
    return _status("ready")


def show_metrics() -> Response:
    """Get the metrics of all worker processes, in Prometheus' text format."""
    stores = backend()
    delivery_metrics.flush()
    exposition = metrics.exposition(
        stores.ledger, stores.projections, stores.notify, stores.journal, stores.clock
    )
    return Response(exposition, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def receive() -> Response:
    """Receive a delivery from Stripe."""
    # The application handles deliveries in front of Flask. This view is for direct calls of Flask,
    # for OpenAPI, and for the 405 to other methods. Flask also routes `//webhooks/stripe` and the
    # method `post` to it, which are refused.
    if request.environ["PATH_INFO"] != webhook.PATH:
        raise Problem(problems.NOT_FOUND)
    if request.environ["REQUEST_METHOD"] != "POST":
        raise MethodNotAllowed(["POST"])
    response = webhook.receive(backend(), request.environ)
    return Response(
        response.body,
        response.status,
        dict(response.headers),
        content_type=response.content_type,
    )


def _status(status: str) -> Response:
    body = json.dumps(_STATUS.dump({"status": status}))
    return Response(body, content_type="application/json")
