"""``/openapi.json`` and ``/docs``, both generated from the declarations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, render_template
from markupsafe import Markup, escape

from api import problems
from api.console import assets
from api.resources.representation import with_etag
from api.resources.route import StrictBlueprint, open_route
from projections import Kind, notification_types

SPEC_OPTIONS: dict[str, Any] = {
    "info": {
        "description": "An event-sourced ledger of Stripe's events: an append-only log of the"
        " exact bytes, and the current state projected from it."
    },
    "components": {
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key of scope read (everything but bodies, Stripe's own objects"
                " and the writing routes) or full.",
            }
        }
    },
}

_OPENAPI = "LEDGER_OPENAPI"
_PAGE = "LEDGER_DOCS"
_ANY_OBJECT = {"type": "object"}
_PATH_PARAMETERS = {"id": "The id, as in a list.", "kind": "The name of the kind."}


@dataclass(frozen=True, slots=True)
class Operation:
    """A route as the docs page shows it."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[tuple[str, str]]
    responses: list[tuple[str, str]]


def blueprint() -> StrictBlueprint:
    """The two routes."""
    blueprint = StrictBlueprint(
        "docs", __name__, description="The documentation, for programs and for people."
    )
    open_route(blueprint, "/openapi.json", response=_ANY_OBJECT)(openapi)
    open_route(blueprint, "/docs", response={"type": "string"}, content_type="text/html")(docs_page)
    return blueprint


def openapi() -> Response:
    """Get the OpenAPI 3.1 document of this API."""
    return with_etag(Response(current_app.config[_OPENAPI], content_type="application/json"))


def docs_page() -> Response:
    """Get the documentation of this API, with the meaning of every field."""
    response = Response(current_app.config[_PAGE], content_type="text/html; charset=utf-8")
    # The page loads nothing but its style and icon from here, and forbids all else.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none';"
        " base-uri 'none'; form-action 'none'"
    )
    return with_etag(response)


def register(app: Flask, document: dict[str, Any], kinds: Mapping[str, Kind]) -> None:
    """Render both documents, once: the declarations do not change while a process runs."""
    _remove_unused(document)
    app.config[_OPENAPI] = json.dumps(document, separators=(",", ":"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["code"] = _code
    with app.app_context():
        app.config[_PAGE] = render_template(
            "docs.html",
            info=document["info"],
            kinds=list(kinds.values()),
            operations=list(_operations(document)),
            problems=problems.ALL,
            conditions=notification_types(),
            asset=assets.url,
        )


def _code(text: str) -> Markup:
    """Turn text in backticks into HTML ``code`` elements."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _remove_unused(document: dict[str, Any]) -> None:
    """Remove flask-smorest's own errors and paging, which no route uses, and sort responses."""
    document["components"].pop("responses", None)
    for name in ("Error", "PaginationMetadata"):
        document["components"]["schemas"].pop(name, None)
    for item in document["paths"].values():
        for method, operation in item.items():
            if method != "parameters":
                operation["responses"] = dict(sorted(operation["responses"].items()))


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method, operation in item.items():
            if method == "parameters":
                continue
            yield Operation(
                method.upper(),
                path,
                operation.get("summary", ""),
                operation.get("description", ""),
                list(map(_parameter, (*shared, *operation.get("parameters", [])))),
                [
                    (status, response["description"])
                    for status, response in operation["responses"].items()
                ],
            )


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str]:
    default = parameter.get("schema", {}).get("default")
    description = parameter.get("description") or _PATH_PARAMETERS[parameter["name"]]
    if default is not None:
        description += f" Default {default}."
    return parameter["name"], description
