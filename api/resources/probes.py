"""Routes for machines that watch: alive, ready, metrics; and the way in, declared beside them."""

from __future__ import annotations

import json

from flask import Response, request
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from werkzeug.exceptions import MethodNotAllowed

from api import problems
from api.backend import backend, draining
from api.ingest import webhook
from api.problems import Problem
from api.resources import schemas
from api.resources.route import StrictBlueprint, open_route
from api.telemetry import delivery_metrics as tally
from api.telemetry import metrics

_TEXT = {"type": "string"}


def blueprint() -> StrictBlueprint:
    """Liveness and readiness."""
    blueprint = StrictBlueprint("probes", __name__, description="For machines that watch.")
    open_route(blueprint, "/livez", answer=schemas.STATUS)(livez)
    not_ready = [problems.UNAVAILABLE]
    open_route(blueprint, "/readyz", answer=schemas.STATUS, expects=not_ready)(readyz)
    return blueprint


def metrics_blueprint() -> StrictBlueprint:
    """The metrics, where they are not bound elsewhere."""
    blueprint = StrictBlueprint("metrics", __name__, description="For Prometheus.")
    open_route(blueprint, "/metrics", answer=_TEXT, content_type="text/plain")(show_metrics)
    return blueprint


def webhook_blueprint() -> StrictBlueprint:
    """The way in."""
    blueprint = StrictBlueprint("webhooks", __name__, description="Where Stripe sends its events.")
    header = {
        "in": "header",
        "name": "Stripe-Signature",
        "description": "t=<Unix seconds>,v1=<HMAC-SHA256 of t.body in hex>, as Stripe sends it.",
        "required": True,
        "schema": {"type": "string"},
    }
    body = {"description": "Exactly as signed.", "content": {"application/json": {"schema": {}}}}
    open_route(
        blueprint,
        webhook.PATH,
        answer=schemas.RECEIPT,
        method="POST",
        expects=[
            problems.NOT_VERIFIED,
            problems.BAD_REQUEST,
            problems.HTTPS_REQUIRED,
            problems.LENGTH_REQUIRED,
            problems.TOO_LARGE,
            problems.UNSUPPORTED_MEDIA_TYPE,
            problems.UNAVAILABLE,
        ],
        doc={"parameters": [header], "requestBody": body},
    )(receive)
    return blueprint


def livez() -> Response:
    """Whether the process answers at all."""
    return _status("ok")


def readyz() -> Response:
    """Whether to send requests here: the store can be read and the process is not ending."""
    if draining():
        raise Problem(problems.UNAVAILABLE)
    backend().ledger.log.head()
    return _status("ready")


def show_metrics() -> Response:
    """Metrics of all worker processes, in Prometheus' text format."""
    here = backend()
    tally.settle()
    text = metrics.exposition(here.ledger, here.projections, here.clock)
    return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def receive() -> Response:
    """Take a delivery of Stripe."""
    # The application does so in front of Flask. This is for who calls Flask itself, for the
    # documents, and for the answer to other methods. Flask takes `//webhooks/stripe` and the
    # method `post` for this too.
    if request.environ["PATH_INFO"] != webhook.PATH:
        raise Problem(problems.NOT_FOUND)
    if request.environ["REQUEST_METHOD"] != "POST":
        raise MethodNotAllowed(["POST"])
    answer = webhook.receive(backend(), request.environ, draining)
    return Response(
        answer.body, answer.status, dict(answer.headers), content_type=answer.content_type
    )


def _status(status: str) -> Response:
    return Response(json.dumps({"status": status}), content_type="application/json")
