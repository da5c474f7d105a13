"""Declaring a route once: key, parameters, answer and problems, for the code and the docs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema

from api import problems
from api.backend import backend
from api.keys import Scope
from api.problems import CONTENT_TYPE, Problem, ProblemType
from api.resources.parameters import Query, StrictParser
from api.resources.schemas import PROBLEM

View = Callable[..., Response]

_HEADERS = {
    "ETag": {
        "description": "A hash of the answer, for If-None-Match.",
        "schema": {"type": "string"},
    },
    "Ledger-Position": {
        "description": "How far in the log the answer reaches.",
        "schema": {"type": "string"},
    },
}


class StrictBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest is untyped
    """A blueprint whose queries are strict."""

    ARGUMENTS_PARSER = StrictParser()


def route(
    blueprint: StrictBlueprint,
    rule: str,
    *,
    answer: type[Schema] | dict[str, Any],
    scope: Scope = "read",
    query: type[Schema] = Query,
    also_full: str = "",
    method: str = "GET",
    status: int = 200,
    expects: Sequence[ProblemType] = (),
) -> Callable[[View], View]:
    """A route under ``/v1``: the key is looked at first, then the parameters."""

    def decorate(view: View) -> View:
        parsed = blueprint.arguments(query, location="query", as_kwargs=False)(view)
        described = parsed
        if method == "GET":
            described = blueprint.alt_response(304, description="The client has it already.")(
                described
            )
        known = (problems.UNAVAILABLE, problems.INVALID_PARAMETERS, problems.UNAUTHORIZED)
        described = _with_problems(
            blueprint, described, (*expects, problems.SCOPE_TOO_SMALL, problems.INTERNAL, *known)
        )
        headers = _HEADERS if method == "GET" else None
        described = blueprint.response(status, answer, headers=headers)(described)
        needs = f"Needs a key of scope {scope}{also_full}."
        described = blueprint.doc(security=[{"key": []}], description=_about(view, needs))(
            described
        )
        _register(blueprint, rule, method, _guarded(parsed, scope), described)
        return view

    return decorate


def open_route(
    blueprint: StrictBlueprint,
    rule: str,
    *,
    answer: type[Schema] | dict[str, Any],
    method: str = "GET",
    content_type: str = "application/json",
    expects: Sequence[ProblemType] = (),
    doc: dict[str, Any] | None = None,
) -> Callable[[View], View]:
    """A route that needs no key and takes no parameters."""

    def decorate(view: View) -> View:
        described = _with_problems(blueprint, view, expects)
        described = blueprint.response(200, answer, content_type=content_type)(described)
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
    """Serve ``run`` with what was written of ``described``.

    flask-smorest writes into one wrapper per documented answer; requests need not pass them all.
    """
    vars(run)["_apidoc"] = vars(described)["_apidoc"]
    blueprint.route(rule, methods=[method], endpoint=run.__name__)(run)


def _with_problems(blueprint: StrictBlueprint, view: View, expects: Sequence[ProblemType]) -> View:
    for status in sorted({type_.status for type_ in expects}):
        titles = dict.fromkeys(type_.title for type_ in expects if type_.status == status)
        view = blueprint.alt_response(
            status, schema=PROBLEM, content_type=CONTENT_TYPE, description="; or: ".join(titles)
        )(view)
    return view


def _about(view: View, needs: str) -> str:
    _, _, rest = (view.__doc__ or "").strip().partition("\n")
    return " ".join([*rest.split(), needs])


def _guarded(view: View, needed: Scope) -> View:
    @wraps(view)
    def guarded(*args: Any, **path: Any) -> Response:
        require(needed)
        return view(*args, **path)

    return guarded


def require(needed: Scope) -> None:
    """Let the request pass only with a key that reaches this far."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    scope = backend().keys.scope_of(key.strip()) if scheme.lower() == "bearer" else None
    if scope is None:
        raise Problem(problems.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    if needed == "full" and scope != "full":
        raise Problem(problems.SCOPE_TOO_SMALL)
