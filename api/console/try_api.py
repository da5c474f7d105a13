"""Trying the routes of REST on this ledger, with the scope of whoever is signed in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, current_app, request

from api import problems
from api.console import rest
from api.console.rendering import page
from api.console.session import guarded
from api.problems import Problem

__all__ = ["add_routes"]

_PREFIX = "/v1/"
_HEADERS = ("Content-Type", "ETag", "Ledger-Position", "Location", "Retry-After")
# What the names of a form's fields begin with: parameters of the path, and of the query.
_PATH, _QUERY = "path.", "query."


@dataclass(frozen=True, slots=True)
class _Operation:
    """A route as OpenAPI describes it."""

    method: str
    path: str
    described: Mapping[str, Any]
    parameters: list[Mapping[str, Any]]

    @property
    def has_body(self) -> bool:
        """Whether it takes a JSON body."""
        return "requestBody" in self.described


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes to try others with."""
    blueprint.add_url_rule("/docs/try", view_func=guarded()(show_form))
    blueprint.add_url_rule("/docs/try", view_func=guarded()(send_form), methods=["POST"])


def show_form() -> Response:
    """The form of a route; one that only reads is sent by it, so that the answer has a URL."""
    operation = _operation()
    if operation.method == "GET" and "send" in request.args:
        return _answered(operation, request.args)
    return _page(operation, {}, None)


def send_form() -> Response:
    """Send what changes something."""
    return _answered(_operation(), request.form)


def _answered(operation: _Operation, form: Mapping[str, str]) -> Response:
    values = {name: text for name, text in form.items() if text}
    path = re.sub(
        r"\{(\w+)\}", lambda match: quote(values.get(_PATH + match[1], ""), safe=""), operation.path
    )
    query = {
        name.removeprefix(_QUERY): text for name, text in values.items() if name.startswith(_QUERY)
    }
    response = rest.respond(operation.method, path, query, _body(operation, values))
    answer = {
        "status": response.status,
        "headers": {name: response.headers[name] for name in _HEADERS if name in response.headers},
        "text": _formatted(response.get_data(as_text=True)),
        "url": f"{path}?{urlencode(query)}" if query else path,
    }
    return _page(operation, values, answer)


def _page(
    operation: _Operation, values: Mapping[str, str], answer: Mapping[str, Any] | None
) -> Response:
    summary = operation.described.get("summary", "")
    return page("try.html", operation=operation, values=values, answer=answer, summary=summary)


def _operation() -> _Operation:
    """The route that this page is about; only such as OpenAPI has under ``/v1``."""
    method, path = request.args.get("method", "GET"), request.args.get("path", "")
    item = json.loads(current_app.config["LEDGER_OPENAPI"])["paths"].get(path, {})
    described = item.get(method.lower())
    if described is None or not path.startswith(_PREFIX):
        raise Problem(problems.NOT_FOUND)
    parameters = [*item.get("parameters", ()), *described.get("parameters", ())]
    return _Operation(method, path, described, parameters)


def _body(operation: _Operation, values: Mapping[str, str]) -> Any:
    if not operation.has_body:
        return None
    try:
        return json.loads(values.get("body", "{}"))
    except ValueError:
        raise Problem(problems.INVALID_PARAMETERS, "The body must be JSON.") from None


def _formatted(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
