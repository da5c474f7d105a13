"""The kinds' own routes: a list, one, and one's timeline, derived for every declared kind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Response
from marshmallow import Schema, fields, validate

from api import problems
from api.backend import backend
from api.problems import Problem
from api.resources import parameters as query
from api.resources import schemas
from api.resources.answers import list_object, page_of, represent
from api.resources.route import StrictBlueprint, require, route
from projections import Field, Kind

WAIT_MS_DEFAULT = 2000
WAIT_MS_MAX = 10_000
_POLL_SECONDS = 0.02

_WHICH: dict[str, fields.Field[Any]] = {
    "account": query.account("Which account's, where the id exists in several; self: the own."),
    "livemode": query.YesNo("Which mode's, where the id exists in both."),
}
_ONE = query.query(
    {
        "as_of": query.Moment(
            metadata={
                "description": "What was true then: Unix seconds, or RFC 3339 with an offset."
            }
        ),
        "at_position": query.Whole("What was known when the log ended there."),
        "min_position": query.Whole("Wait until the rows have reached this position."),
        "wait_ms": query.Whole(
            "How long to wait at most.", most=WAIT_MS_MAX, load_default=WAIT_MS_DEFAULT
        ),
        "include": fields.String(
            validate=validate.Equal("object", error="must be object"),
            metadata={"description": "object adds the newest Stripe object as member snapshot."},
        ),
        **_WHICH,
    }
)


def blueprints(kinds: Mapping[str, Kind]) -> list[StrictBlueprint]:
    """A room of routes for each kind."""
    return [_blueprint(kind) for kind in kinds.values()]


def _blueprint(kind: Kind) -> StrictBlueprint:
    blueprint = StrictBlueprint(
        kind.name, __name__, url_prefix=f"/v1/{kind.name}", description=kind.about
    )
    row = schemas.of_kind(kind)
    _declare_list(blueprint, kind, schemas.list_of(row))
    _declare_one(blueprint, kind, row)
    _declare_timeline(blueprint, kind)
    return blueprint


def _declare_list(blueprint: StrictBlueprint, kind: Kind, answer: type[Schema]) -> None:
    columns = {column.name: column for column in kind.columns}
    filters = {name: _filter(columns[name]) for name in kind.filters}
    parameters = query.paged({**filters, **query.created()})

    # A cursor, too, may be an id that exists in several accounts.
    expected = [problems.AMBIGUOUS, problems.NOT_CAUGHT_UP]

    @route(blueprint, "", query=parameters, answer=answer, expects=expected)
    def list_rows(arguments: dict[str, Any]) -> Response:
        """List them, newest first."""
        given = {name: arguments[name] for name in kind.filters if name in arguments}
        if given.get("account") == "self":
            given["account"] = None
        listed = backend().projections.list(
            kind.name,
            filters=given,
            created=query.created_of(arguments),
            limit=arguments["limit"],
            starting_after=arguments.get("starting_after"),
            ending_before=arguments.get("ending_before"),
        )
        return list_object(listed.items, has_more=listed.has_more, position=listed.position)


def _declare_one(blueprint: StrictBlueprint, kind: Kind, answer: type[Schema]) -> None:
    @route(
        blueprint,
        "/<id:id>",
        query=_ONE,
        answer=answer,
        also_full=", and of scope full for include=object",
        expects=[
            problems.NOT_FOUND,
            problems.AMBIGUOUS,
            problems.BEYOND_HEAD,
            problems.NOT_CAUGHT_UP,
        ],
    )
    def get_row(arguments: dict[str, Any], id: str) -> Response:
        """Get one, as it is now, was then, or was known."""
        if "include" in arguments:
            require("full")
        moment = {"as_of": arguments.get("as_of"), "at_position": arguments.get("at_position")}
        which = _which(arguments)
        projections = backend().projections
        if "min_position" in arguments:
            if arguments["min_position"] > backend().ledger.log.head().position:
                # Nobody's write is there yet; who is unknown now is not worth waiting for.
                projections.one(kind.name, id, **which)
            _wait(kind, arguments["min_position"], arguments["wait_ms"] / 1000)
        if moment == {"as_of": None, "at_position": None}:
            answered = projections.one(kind.name, id, **which)
        else:
            answered = projections.at(kind.name, id, **moment, **which)
        row = dict(answered.row)
        if "include" in arguments:
            row["snapshot"] = projections.snapshot(kind.name, id, **moment, **which)
        return represent(row, position=answered.position)


def _declare_timeline(blueprint: StrictBlueprint, kind: Kind) -> None:
    @route(
        blueprint,
        "/<id:id>/timeline",
        query=query.paged(_WHICH),
        answer=schemas.TIMELINE,
        expects=[problems.NOT_FOUND, problems.AMBIGUOUS, problems.NOT_CAUGHT_UP],
    )
    def get_timeline(arguments: dict[str, Any], id: str) -> Response:
        """What each event changed, oldest first.

        Paged by the event's id.
        """
        answered = backend().projections.timeline(kind.name, id, **_which(arguments))
        entries, has_more = page_of(answered.row, lambda entry: str(entry["event"]), arguments)
        url = f"/v1/{kind.name}/{quote(id, safe='')}/timeline"
        return list_object(entries, has_more=has_more, position=answered.position, url=url)


def _filter(column: Field) -> fields.Field[Any]:
    if column.name == "account":
        return query.account()
    if column.name == "livemode":
        return query.livemode()
    return query.Text(f"Only those whose {column.name} is this.")


def _which(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was asked: without an account, any account is meant."""
    return {name: arguments[name] for name in _WHICH if name in arguments}


def _wait(kind: Kind, position: int, seconds_max: float) -> None:
    """Until the rows have read that far, so that a client reads its own writes."""
    ends = time.monotonic() + seconds_max
    while backend().projections.position(kind.name) < position:
        if time.monotonic() >= ends:
            raise Problem(problems.NOT_CAUGHT_UP)
        time.sleep(_POLL_SECONDS)
