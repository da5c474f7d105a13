"""``/openapi.json`` and ``/docs``: what the declarations say, for programs and for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, render_template
from markupsafe import Markup, escape

from api import problems
from api.resources.answers import tagged
from api.resources.route import StrictBlueprint, open_route
from projections import Kind

SPEC_OPTIONS: dict[str, Any] = {
    "info": {
        "description": "An event-sourced ledger of what Stripe told: facts kept verbatim,"
        " state drawn from them."
    },
    "components": {
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key of scope read (all but bodies, Stripe's own objects and"
                " the writing routes) or full.",
            }
        }
    },
}

_OPENAPI = "LEDGER_OPENAPI"
_PAGE = "LEDGER_DOCS"
_ANY_OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Operation:
    """A route as the page shows it."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[tuple[str, str]]
    answers: list[tuple[str, str]]


def blueprint() -> StrictBlueprint:
    """The two routes."""
    blueprint = StrictBlueprint(
        "docs", __name__, description="What this is, for programs and for people."
    )
    open_route(blueprint, "/openapi.json", answer=_ANY_OBJECT)(openapi)
    open_route(blueprint, "/docs", answer={"type": "string"}, content_type="text/html")(docs_page)
    return blueprint


def openapi() -> Response:
    """This API in OpenAPI 3.1."""
    return tagged(Response(current_app.config[_OPENAPI], content_type="application/json"))


def docs_page() -> Response:
    """This API for people, with every field's meaning."""
    response = Response(current_app.config[_PAGE], content_type="text/html; charset=utf-8")
    # The page needs nothing but itself, and says so.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return tagged(response)


def register(app: Flask, document: dict[str, Any], kinds: Mapping[str, Kind]) -> None:
    """Both documents are made once: the declarations do not change while a process lives."""
    _tidy(document)
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
        )


def _code(text: str) -> Markup:
    """What the declarations write in backticks, as HTML."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _tidy(document: dict[str, Any]) -> None:
    """Without what flask-smorest adds for its own kind of errors and paging, which we lack."""
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
                [_parameter(each) for each in (*shared, *operation.get("parameters", []))],
                [(status, each["description"]) for status, each in operation["responses"].items()],
            )


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str]:
    default = parameter.get("schema", {}).get("default")
    about = parameter.get("description", "The id, as in a list.")
    return parameter["name"], about if default is None else f"{about} Default {default}."
