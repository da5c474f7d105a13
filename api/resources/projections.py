"""``/v1/projections`` and ``/v1/dead-letters``: how the rows are doing, and building them anew."""

from __future__ import annotations

from typing import Any

from flask import Response, json

from api import problems
from api.backend import backend
from api.problems import Problem
from api.resources import parameters as query
from api.resources import schemas
from api.resources.answers import list_object, page_of
from api.resources.route import StrictBlueprint, route
from projections import KINDS, ProjectionState

# The fields of the answer are the state's own.
_FIELDS = [name for name in schemas.PROJECTION().fields if name not in ("object", "id")]


def blueprint() -> StrictBlueprint:
    """The routes of the projections."""
    about = "How far the rows have read, and building them anew."
    blueprint = StrictBlueprint(
        "projections", __name__, url_prefix="/v1/projections", description=about
    )
    answer = schemas.list_of(schemas.PROJECTION)
    route(blueprint, "", query=query.paged({}), answer=answer)(list_projections)
    route(
        blueprint,
        "/<id:kind>/rebuild",
        answer=schemas.REBUILD,
        scope="full",
        method="POST",
        status=202,
        expects=[problems.NOT_FOUND, problems.REBUILD_RUNNING],
    )(rebuild)
    return blueprint


def dead_letters_blueprint() -> StrictBlueprint:
    """The route of the dead letters."""
    about = "Events that a projection could not fold."
    blueprint = StrictBlueprint(
        "dead-letters", __name__, url_prefix="/v1/dead-letters", description=about
    )
    kind = query.Text("Only of this kind.", choices=list(KINDS))
    answer = schemas.list_of(schemas.DEAD_LETTER)
    route(blueprint, "", query=query.paged({"kind": kind}), answer=answer)(list_dead_letters)
    return blueprint


def list_projections(arguments: dict[str, Any]) -> Response:
    """List the projections, one per kind."""
    states = backend().projections.states()
    items = [_item(state) for state in states]
    page, has_more = page_of(items, lambda item: str(item["id"]), arguments)
    # The list is as old as the slowest of them.
    position = min((state.position for state in states), default=0)
    return list_object(page, has_more=has_more, position=position)


def rebuild(arguments: dict[str, Any], kind: str) -> Response:
    """Ask for a rebuild; the follower carries it out beside the living rows."""
    if kind not in KINDS:
        raise Problem(problems.NOT_FOUND)
    if not backend().projections.request_rebuild(kind):
        raise Problem(problems.REBUILD_RUNNING)
    url = "/v1/projections"
    asked = {"object": "rebuild", "kind": kind, "status": "requested", "url": url}
    headers = {"Location": url}
    return Response(json.dumps(asked), 202, headers, content_type="application/json")


def list_dead_letters(arguments: dict[str, Any]) -> Response:
    """List the events that could not be folded; their rows are marked stale."""
    listed = backend().projections.dead_letters(
        limit=arguments["limit"],
        starting_after=arguments.get("starting_after"),
        ending_before=arguments.get("ending_before"),
        kind=arguments.get("kind"),
    )
    return list_object(listed.items, has_more=listed.has_more, position=listed.position)


def _item(state: ProjectionState) -> dict[str, Any]:
    fields = {name: getattr(state, name) for name in _FIELDS}
    return {"object": "projection", "id": state.kind, **fields}
