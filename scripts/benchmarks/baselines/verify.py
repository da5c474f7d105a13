"""Baseline (a): reads the body, verifies it as the ledger does, and stores nothing."""

from __future__ import annotations

import time

from flask import Flask, Response, request

from api.config.settings import Secret
from api.ingest.body import read_body
from api.ingest.signature import parse, verify
from scripts.benchmarks.baselines import end_with_server
from scripts.benchmarks.posts import SECRET, TOLERANCE_SECONDS

_SECRETS = (Secret("benchmark", SECRET),)
_BODY_BYTES_MAX = 1 << 20
_BODY_SECONDS = 10


def app() -> Flask:
    """Return the WSGI application."""
    end_with_server()
    app = Flask("verify", static_folder=None)

    @app.post("/webhooks/stripe")
    def receive() -> Response:
        signature = parse(request.headers.get("Stripe-Signature"))
        body = read_body(request.environ, _BODY_BYTES_MAX, _BODY_SECONDS)
        verify(
            signature,
            body,
            _SECRETS,
            current_seconds=time.time(),
            tolerance_seconds=TOLERANCE_SECONDS,
        )
        return Response('{"status": "verified"}', content_type="application/json")

    return app
