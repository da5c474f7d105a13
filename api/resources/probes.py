"""Routes for machines that watch: alive, ready, metrics; and the way in, declared beside them."""

from __future__ import annotations

import json

from flask import Response, request
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from werkzeug.exceptions import MethodNotAllowed

from api import metrics, problems, schemas, tally, webhook
from api.backend import backend, draining
from api.problems import Problem
from api.resources.route import Room, open_route

_TEXT = {"type": "string"}


def room() -> Room:
    """Liveness and readiness."""
    room = Room("probes", __name__, description="For machines that watch.")
    open_route(room, "/livez", answer=schemas.STATUS)(livez)
    not_ready = [problems.UNAVAILABLE]
    open_route(room, "/readyz", answer=schemas.STATUS, expects=not_ready)(readyz)
    return room


def metrics_room() -> Room:
    """The metrics, where they are not bound elsewhere."""
    room = Room("metrics", __name__, description="For Prometheus.")
    open_route(room, "/metrics", answer=_TEXT, content_type="text/plain")(show_metrics)
    return room


def webhook_room() -> Room:
    """The way in."""
    room = Room("webhooks", __name__, description="Where Stripe sends its events.")
    header = {
        "in": "header",
        "name": "Stripe-Signature",
        "description": "t=<Unix seconds>,v1=<HMAC-SHA256 of t.body in hex>, as Stripe sends it.",
        "required": True,
        "schema": {"type": "string"},
    }
    body = {"description": "Exactly as signed.", "content": {"application/json": {"schema": {}}}}
    open_route(
        room,
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
    return room


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
