"""Declare a route once: key, parameters, response and problems, for the code and for OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import Schema

from api import problems
from api.backend import backend
from api.keys import Caller, Scope
from api.problems import CONTENT_TYPE, Problem, ProblemSchema, ProblemType
from api.resources.parameters import Query, StrictParser
from api.telemetry import logs
from api.telemetry.acts import log_act

View = Callable[..., Response]

# Where the console, which asks the routes in this process, says in a request's environ who asks.
# No request that comes over HTTP can have it: its headers are called HTTP_….
CALLER = "ledger.caller"

# The problems that every route under /v1 may have.
_EXPECTED = (
    problems.SCOPE_TOO_SMALL,
    problems.INTERNAL,
    problems.UNAVAILABLE,
    problems.BUSY,
    problems.INVALID_PARAMETERS,
    problems.UNAUTHORIZED,
)

# And those that take a body.
_EXPECTED_OF_BODIES = (
    problems.BAD_REQUEST,
    problems.TOO_LARGE,
    problems.UNSUPPORTED_MEDIA_TYPE,
)

_HEADERS = {
    "ETag": {
        "description": "A hash of the response, for If-None-Match.",
        "schema": {"type": "string"},
    },
    "Ledger-Position": {
        "description": "The log position up to which the response was read.",
        "schema": {"type": "string"},
    },
}


class StrictBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest is untyped
    """A blueprint that refuses unknown and repeated query parameters."""

    ARGUMENTS_PARSER = StrictParser()

    @staticmethod
    def _make_doc_response_schema(schema: Any) -> Any:
        """Document a response by its schema's class.

        Every further decorator of a route copies what is documented so far, deeply: with
        instances, that took most of the time of an application's start.
        """
        return type(schema) if isinstance(schema, Schema) else schema


def route(
    blueprint: StrictBlueprint,
    rule: str,
    *,
    response: type[Schema] | dict[str, Any],
    scope: Scope = "read",
    query: type[Schema] = Query,
    body: type[Schema] | None = None,
    scope_note: str = "",
    method: str = "GET",
    status: int = 200,
    expects: Sequence[ProblemType] = (),
) -> Callable[[View], View]:
    """Declare a route under ``/v1``, which checks the key first and then the parameters.

    ``expects`` are the problems beside those that every route may have; ``scope_note`` continues
    the sentence that documents the scope. The view gets the parameters of the query, and after
    them the members of a JSON ``body``, if the route takes one.
    """

    def decorate(view: View) -> View:
        parsed = view
        if body is not None:
            parsed = blueprint.arguments(body, location="json", as_kwargs=False)(parsed)
        parsed = blueprint.arguments(query, location="query", as_kwargs=False)(parsed)
        described = parsed
        if method == "GET":
            not_modified = blueprint.alt_response(304, description="The client has it already.")
            described = not_modified(described)
        of_body = () if body is None else _EXPECTED_OF_BODIES
        described = _with_problems(blueprint, described, (*expects, *of_body, *_EXPECTED))
        headers = _HEADERS if method == "GET" else None
        described = blueprint.response(status, response, headers=headers)(described)
        description = _description(view, f"Needs a key of scope {scope}{scope_note}.")
        described = blueprint.doc(security=[{"key": []}], description=description)(described)
        _register(blueprint, rule, method, _guarded(parsed, scope), described)
        return view

    return decorate


def open_route(
    blueprint: StrictBlueprint,
    rule: str,
    *,
    response: type[Schema] | dict[str, Any],
    method: str = "GET",
    content_type: str = "application/json",
    expects: Sequence[ProblemType] = (),
    doc: dict[str, Any] | None = None,
) -> Callable[[View], View]:
    """Declare a route that needs no key and takes no parameters."""

    def decorate(view: View) -> View:
        described = _with_problems(blueprint, view, expects)
        described = blueprint.response(200, response, content_type=content_type)(described)
        described = blueprint.doc(security=[], **(doc or {}))(described)

        @wraps(view)
        def run() -> Response:
            return view()

        _register(blueprint, rule, method, run, described)
        return view

    return decorate


def _register(
    blueprint: StrictBlueprint, rule: str, method: str, run: View, described: View
) -> None:
    """Serve ``run``, documented as ``described``.

    flask-smorest adds one wrapper per documented response, which requests need not pass through.
    """
    vars(run)["_apidoc"] = vars(described)["_apidoc"]
    blueprint.route(rule, methods=[method], endpoint=run.__name__)(run)


def _with_problems(blueprint: StrictBlueprint, view: View, expects: Sequence[ProblemType]) -> View:
    for status in sorted({type_.status for type_ in expects}):
        titles = dict.fromkeys(type_.title for type_ in expects if type_.status == status)
        view = blueprint.alt_response(
            status,
            schema=ProblemSchema,
            content_type=CONTENT_TYPE,
            description="; or: ".join(titles),
        )(view)
    return view


def _description(view: View, scope_sentence: str) -> str:
    """What OpenAPI shows below the summary, which is the docstring's first line."""
    _, _, rest = (view.__doc__ or "").strip().partition("\n")
    return " ".join([*rest.split(), scope_sentence])


def _guarded(view: View, required: Scope) -> View:
    @wraps(view)
    def guarded(*args: Any, **path: Any) -> Response:
        with backend().readers.turn():
            g.caller = require_scope(required)
            return view(*args, **path)

    return guarded


def log_request(act: str, **what: Any) -> None:
    """Log an administrative act that the current request's caller asks for."""
    caller: Caller = g.caller
    log_act(act, by=caller.name, key_id=caller.key_id, request_id=logs.request_id(), **what)


def require_scope(required: Scope) -> Caller:
    """Who makes the request; a 401 problem without a valid key, a 403 if its scope is too small."""
    caller: Caller | None = request.environ.get(CALLER)
    if caller is None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        caller = backend().keys.caller(key.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        raise Problem(problems.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    if required == "full" and caller.scope != "full":
        raise Problem(problems.SCOPE_TOO_SMALL)
    return caller
