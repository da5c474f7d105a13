"""The console as a client of REST in the same process: whatever it shows, REST said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Response, current_app
from werkzeug.test import EnvironBuilder

from api.console.session import current_caller
from api.resources.route import CALLER

__all__ = ["RestProblem", "get", "path", "send"]


class RestProblem(Exception):
    """REST's answer was a problem: its document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document["title"])
        self.status = int(document["status"])
        self.document = document


def path(*parts: str) -> str:
    """The path of a route, with ids as they have to be written there."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def get(url: str, **parameters: Any) -> Any:
    """What a route answers; parameters that are None are left out. Raises ``RestProblem``."""
    return read(respond("GET", url, parameters))


def send(method: str, url: str, body: Mapping[str, Any] | None = None) -> Any:
    """What a route that changes something answers; raises ``RestProblem``."""
    return read(respond(method, url, {}, body))


def read(response: Response) -> Any:
    """The document of an answer; raises ``RestProblem``."""
    document = response.get_json(force=True)
    if response.status_code >= 400:
        raise RestProblem(document)
    return document


def respond(
    method: str,
    url: str,
    parameters: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
) -> Response:
    """The answer of a route under ``/v1`` to the signed-in caller, exactly as REST gives it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    texts = {name: _text(value) for name, value in parameters.items() if value is not None}
    builder = EnvironBuilder(
        path=url,
        method=method,
        query_string=texts,
        json=body,
        environ_base={CALLER: current_caller()},
    )
    try:
        with app.request_context(builder.get_environ()):
            response: Response = app.full_dispatch_request()
    finally:
        builder.close()
    return response


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
