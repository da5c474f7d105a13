"""``/v1/projections`` and ``/v1/dead-letters``: their state, rebuilds and checks."""

from __future__ import annotations

from typing import Any

from flask import Response, json
from marshmallow import Schema, fields

from api import problems
from api.backend import backend
from api.problems import Problem
from api.resources import parameters, schemas
from api.resources.representation import list_response, page_of
from api.resources.route import StrictBlueprint, log_request, route
from api.resources.schemas import (
    ResponseSchema,
    array,
    boolean,
    computed,
    constant,
    integer,
    number,
    text,
)
from projections import KINDS


class ProjectionSchema(ResponseSchema):
    """How one projection is doing."""

    object = constant("projection")
    id = computed(
        "string", lambda state: state.kind, "The kind again: the id that the list pages by."
    )
    kind = text("The kind of its rows.")
    fingerprint = text("The fingerprint of the declaration that the serving table was built by.",
                       allow_none=True)  # fmt: skip
    status = text(
        "`live`, `rebuild_requested`, `rebuilding`, `rebuild_stopped` (the process that rebuilt it"
        " is gone; the follower starts again), `served_by_other_version`, or `of_another_log`"
        " (the log was restored or replaced: nothing is served until it is rebuilt)."
    )
    position = integer("The log position up to which it has read.")
    lag_events = integer(
        "Events in the log that it has not read yet; below 0 where it read more than the log has."
    )
    lag_seconds = number("How long the oldest of them has waited.", allow_none=True)
    rows = integer("Number of rows.")
    dead_letters = integer("Number of events that could not be read, or whose row not be stored.")
    without_snapshot = integer("Number of events of its objects that carry no snapshot.")
    rebuild_done = integer(
        "How far a running rebuild is, in events; its last third is for rows and indexes.",
        allow_none=True,
    )
    rebuild_total = integer("The events of the whole.", allow_none=True)
    rebuild_events_per_second = number("How many it does per second.", allow_none=True)
    rebuild_eta_seconds = number("How many seconds it still takes.", allow_none=True)
    held_by = array(fields.String(), "What a rebuilt table waits for before it can serve.")
    checked_at = integer("When rows were last compared with the log.", allow_none=True)
    differences = integer("In how many fields they differed then.", allow_none=True)
    of_another_log = boolean("Whether it was projected from another log than the one there is.")
    previous = text("The table that `ledger rollback` would serve again.", allow_none=True)


class RebuildSchema(ResponseSchema):
    """A requested rebuild."""

    object = constant("rebuild")
    kind = text("The kind whose rows are rebuilt.")
    status = constant("requested")
    url = text("Where its progress is shown.")


class CheckSchema(ResponseSchema):
    """A check that was started."""

    object = constant("check")
    kind = text("The kind whose rows are compared with the log.")
    status = constant("requested")
    url = text("Where its result is shown: checked_at and differences.")


class DeadLetterSchema(ResponseSchema):
    """An event that a projection could not read, or whose row could not be stored."""

    object = constant("dead_letter")
    kind = text("The kind of the row.")
    id = text("The row's id.")
    event = text("Stripe's id of the event; of a row that could not be stored, the newest.")
    position = schemas.position()
    error = text("Why it could not be read or stored.")
    account = schemas.account()
    livemode = schemas.livemode()


_PROJECTION, _REBUILD, _DEAD_LETTER = ProjectionSchema(), RebuildSchema(), DeadLetterSchema()
_CHECK = CheckSchema()


def blueprint() -> StrictBlueprint:
    """The routes of the projections."""
    blueprint = StrictBlueprint(
        "projections",
        __name__,
        url_prefix="/v1/projections",
        description="How far the projections have read, and rebuilding them.",
    )
    response = schemas.list_of(ProjectionSchema)
    route(blueprint, "", query=parameters.paged({}), response=response)(list_projections)
    route(
        blueprint,
        "/<id:kind>/rebuild",
        response=RebuildSchema,
        scope="full",
        method="POST",
        status=202,
        expects=[problems.NOT_FOUND, problems.REBUILD_RUNNING],
    )(rebuild)
    route(
        blueprint,
        "/<id:kind>/check",
        response=CheckSchema,
        scope="full",
        method="POST",
        status=202,
        expects=[problems.NOT_FOUND, problems.CHECK_RUNNING],
    )(check)
    return blueprint


def dead_letters_blueprint() -> StrictBlueprint:
    """The route of the dead letters."""
    blueprint = StrictBlueprint(
        "dead-letters",
        __name__,
        url_prefix="/v1/dead-letters",
        description="Events that a projection could not read or store.",
    )
    kind = parameters.Text("Only of this kind.", choices=list(KINDS))
    response = schemas.list_of(DeadLetterSchema)
    query = parameters.paged({"kind": kind})
    route(blueprint, "", query=query, response=response)(list_dead_letters)
    return blueprint


def list_projections(arguments: dict[str, Any]) -> Response:
    """List the projections, one per kind."""
    states = backend().projections.states()
    page, has_more = page_of(states, lambda state: state.kind, arguments)
    # The list as a whole reaches as far as the slowest projection.
    position = min((state.position for state in states), default=0)
    return list_response(_PROJECTION.dump(page, many=True), has_more=has_more, position=position)


def rebuild(arguments: dict[str, Any], kind: str) -> Response:
    """Request a rebuild; the follower carries it out beside the rows that serve."""
    if kind not in KINDS:
        raise Problem(problems.NOT_FOUND)
    if not backend().projections.request_rebuild(kind):
        raise Problem(problems.REBUILD_RUNNING)
    log_request("rebuild_requested", kind=kind)
    return _accepted(_REBUILD, kind)


def check(arguments: dict[str, Any], kind: str) -> Response:
    """Compare a kind's rows with the log, in a process of its own at the lowest priority."""
    if kind not in KINDS:
        raise Problem(problems.NOT_FOUND)
    if not backend().checks.start(kind):
        raise Problem(problems.CHECK_RUNNING)
    log_request("check_requested", kind=kind)
    return _accepted(_CHECK, kind)


def _accepted(schema: Schema, kind: str) -> Response:
    url = "/v1/projections"
    body = json.dumps(schema.dump({"kind": kind, "url": url}))
    return Response(body, 202, {"Location": url}, content_type="application/json")


def list_dead_letters(arguments: dict[str, Any]) -> Response:
    """List the events that could not be read or stored; their rows are marked stale."""
    letters = backend().projections.dead_letters(
        kind=arguments.get("kind"), page=parameters.page(arguments)
    )
    data = _DEAD_LETTER.dump(letters.items, many=True)
    return list_response(data, has_more=letters.has_more, position=letters.position)
