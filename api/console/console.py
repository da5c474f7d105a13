"""The console's routes, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Blueprint, Flask, Response, request
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException, NotFound

from api import problems
from api.console import (
    assets,
    events,
    journal,
    kind_list,
    notifications,
    object_page,
    operations,
    overview,
    search,
    sign_in,
    try_api,
    values,
)
from api.console.rendering import error_page, secured
from api.console.rest import RestProblem
from api.console.sessions import Sessions
from api.console.signing import Signing
from api.console.stores import ConsoleStores
from api.problems import Problem
from ledger import LedgerError, StoreUnavailable

__all__ = ["register"]

_PAGES = (sign_in, overview, search, events, operations, notifications, journal, try_api)


def register(
    app: Flask,
    engine: Engine,
    kinds: Iterable[str],
    session_secrets: tuple[str, ...],
    clock: Callable[[], float],
) -> None:
    """Add the console to an application; ``engine`` is that of the log's database."""
    ConsoleStores(Sessions(engine, clock), Signing(session_secrets)).attach(app)
    blueprint = Blueprint("console", __name__, template_folder="templates")
    blueprint.add_url_rule("/static/<name>", view_func=assets.asset, methods=["GET"])
    for room in _PAGES:
        room.add_routes(blueprint)
    names = list(kinds)
    kind_list.add_routes(blueprint, names)
    object_page.add_routes(blueprint, names)
    blueprint.register_error_handler(Problem, _problem)
    blueprint.register_error_handler(RestProblem, _rest_problem)
    blueprint.register_error_handler(LedgerError, _ledger_error)
    blueprint.register_error_handler(HTTPException, _http_exception)
    blueprint.register_error_handler(Exception, _unexpected)
    values.add_filters(app)
    app.register_blueprint(blueprint)
    app.register_error_handler(NotFound, _no_such_page)


def _problem(problem: Problem) -> Response:
    return error_page(problem.type.title, problem.detail, problem.type.status, **problem.headers)


def _rest_problem(problem: RestProblem) -> Response:
    document = problem.document
    wrong = "; ".join(
        f"{error['parameter']} {error['message']}" for error in document.get("errors", ())
    )
    return error_page(document["title"], wrong or document["detail"], problem.status)


def _ledger_error(error: LedgerError) -> Response:
    if isinstance(error, StoreUnavailable):
        problems.log_unavailable(error)
        return _plain(problems.UNAVAILABLE)
    problems.log_unexpected(error)
    return _plain(problems.INTERNAL)


def _http_exception(error: HTTPException) -> Response:
    return error_page(error.name, error.description or error.name, error.code or 500)


def _no_such_page(error: HTTPException) -> Response:
    """A page for who reads pages; REST's problem for everybody else."""
    accepted = request.accept_mimetypes
    if not accepted.accept_html or accepted["text/html"] <= accepted[problems.CONTENT_TYPE]:
        return problems.of_http_exception(error)
    try:
        return error_page("Not found", "There is no page at this address.", 404)
    except LedgerError as unavailable:
        return _ledger_error(unavailable)


def _unexpected(error: Exception) -> Response:
    problems.log_unexpected(error)
    return _plain(problems.INTERNAL)


def _plain(problem: problems.ProblemType) -> Response:
    """An error as text: whatever a page needs may be what is missing."""
    text = f"{problem.title}. {problem.description}"
    response = Response(text, problem.status, problem.headers, content_type="text/plain")
    return secured(response)
