"""The routes of each kind: a list, a single row, and its timeline, derived from the declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from flask import Response, request
from marshmallow import Schema, fields, validate

from api import problems
from api.backend import backend
from api.resources import parameters, schemas
from api.resources.representation import json_response, list_response, page_of
from api.resources.route import StrictBlueprint, require_scope, route
from api.resources.schemas import ResponseSchema, boolean, constant, documented, integer, text
from projections import Field, Kind, NotReady, RowSelector

WAIT_MS_DEFAULT = 2000
WAIT_MS_MAX = 10_000

_SCOPE: dict[str, fields.Field[Any]] = {
    "account": parameters.AccountId(
        "The account, if the id exists in several; self for your own account."
    ),
    "livemode": parameters.StrictBoolean("The mode, if the id exists in both."),
}
_MOMENT: dict[str, fields.Field[Any]] = {
    "as_of": parameters.Timestamp(
        metadata={
            "description": "The state at this time: Unix seconds, or RFC 3339 with an offset."
        }
    ),
    "at_position": parameters.StrictInteger("The state known when the log ended at a position."),
}
_GET = parameters.query(
    {
        **_MOMENT,
        "min_position": parameters.StrictInteger("Wait until the rows have read this position."),
        "wait_ms": parameters.StrictInteger(
            "How long to wait at most.", most=WAIT_MS_MAX, load_default=WAIT_MS_DEFAULT
        ),
        "include": fields.String(
            validate=validate.Equal("object", error="must be object"),
            metadata={"description": "object adds the newest Stripe object as member snapshot."},
        ),
        **_SCOPE,
    }
)


class TimelineEntrySchema(ResponseSchema):
    """What one event changed in a row."""

    object = constant("timeline_entry")
    position = schemas.position()
    event = text("Stripe's id of the event.")
    type = text("The event's type, like charge.succeeded.")
    created = integer("When Stripe created it, Unix seconds.")
    received_at = integer("When it was received here, Unix seconds.")
    late = boolean("Whether an event of this row with a greater created was received before it.")
    changes = fields.Dict(
        **documented("Per field, its value before and after."),
        keys=fields.String(),
        values=fields.List(fields.Raw(allow_none=True), validate=validate.Length(equal=2)),
    )


class FieldSourceSchema(ResponseSchema):
    """Which event gave a field of a row the value that it has."""

    object = constant("field_source")
    id = text("The field's name.")
    event = text(
        "Stripe's id of the newest event of the row's own that set it; null where it was never set,"
        " or another row's object lent it.",
        allow_none=True,
    )
    type = text("The event's type.", allow_none=True)
    created = integer("When Stripe created the event, Unix seconds.", allow_none=True)
    position = integer("The event's position in the log.", allow_none=True)


_FIELD_SOURCE = FieldSourceSchema()
_TIMELINE_ENTRY = TimelineEntrySchema()
_TIMELINE = schemas.list_of(TimelineEntrySchema)


# Whose rows are listed below them too: `/v1/customers/{id}/orders`.
_LISTING = ("customer",)


def blueprints(kinds: Mapping[str, Kind]) -> list[StrictBlueprint]:
    """A blueprint per kind."""
    rows = {kind.name: schemas.of_kind(kind) for kind in kinds.values()}
    return [_blueprint(kind, kinds, rows) for kind in kinds.values()]


def _blueprint(
    kind: Kind, kinds: Mapping[str, Kind], rows: Mapping[str, type[Schema]]
) -> StrictBlueprint:
    blueprint = StrictBlueprint(
        kind.name, __name__, url_prefix=f"/v1/{kind.name}", description=kind.about
    )
    _declare_list(blueprint, kind, rows[kind.name])
    _declare_get(blueprint, kind, rows[kind.name])
    _declare_timeline(blueprint, kind)
    _declare_fields(blueprint, kind)
    for listed in kinds.values():
        if kind.object in _LISTING and kind.object in listed.filters:
            _declare_list_of(blueprint, kind, listed, rows[listed.name])
    return blueprint


def _declare_list(blueprint: StrictBlueprint, kind: Kind, row: type[Schema]) -> None:
    query, response = _list_query(kind, kind.filters), schemas.list_of(row)

    @route(blueprint, "", query=query, response=response, expects=[problems.NOT_CAUGHT_UP])
    def list_rows(arguments: dict[str, Any]) -> Response:
        """List the rows, newest first.

        Where several accounts or modes have an id, a page does not end between them: it may be
        shorter than the limit or, where it has to, longer.
        """
        return _list(kind, arguments)


def _declare_list_of(
    blueprint: StrictBlueprint, kind: Kind, listed: Kind, row: type[Schema]
) -> None:
    """The list of another kind's rows that name a row of this kind."""
    names = tuple(name for name in listed.filters if name != kind.object)

    def list_rows(arguments: dict[str, Any], id: str) -> Response:
        return _list(listed, {**arguments, kind.object: id})

    list_rows.__name__ = f"list_{listed.name}"
    list_rows.__doc__ = f"""List the {listed.name} of one {kind.object}, newest first.

        Empty where none names the id, whether or not an event of the {kind.object} was received.
        """
    route(
        blueprint,
        f"/<id:id>/{listed.name}",
        query=_list_query(listed, names),
        response=schemas.list_of(row),
        expects=[problems.NOT_FOUND, problems.NOT_CAUGHT_UP],
    )(list_rows)


def _list_query(kind: Kind, names: Iterable[str]) -> type[Schema]:
    """The parameters of a kind's list, with the filters of some names."""
    columns = {column.name: column for column in kind.columns}
    filters = {name: _filter(columns[name]) for name in names}
    return parameters.paged({**filters, **parameters.created()})


def _list(kind: Kind, arguments: Mapping[str, Any]) -> Response:
    filters = {name: arguments[name] for name in kind.filters if name in arguments}
    if filters.get("account") == "self":
        filters["account"] = None
    result = backend().projections.list(
        kind.name,
        filters=filters,
        created=parameters.created_bounds(arguments),
        page=parameters.page(arguments),
    )
    # As in the links of a timeline, an id is written as a client has to write it.
    url = quote(request.path, safe="/")
    return list_response(result.items, has_more=result.has_more, position=result.position, url=url)


def _declare_get(blueprint: StrictBlueprint, kind: Kind, row: type[Schema]) -> None:
    @route(
        blueprint,
        "/<id:id>",
        query=_GET,
        response=row,
        scope_note=", and of scope full for include=object",
        expects=[
            problems.NOT_FOUND,
            problems.AMBIGUOUS,
            problems.BEYOND_HEAD,
            problems.NOT_CAUGHT_UP,
        ],
    )
    def get_row(arguments: dict[str, Any], id: str) -> Response:
        """Get one row: as it is, as it was at a time, or as it was known at a position."""
        if "include" in arguments:
            require_scope("full")
        selector = _selector(arguments)
        if "min_position" in arguments:
            _wait(kind, id, selector, arguments["min_position"], arguments["wait_ms"] / 1000)
        projections = backend().projections
        result = projections.get(kind.name, id, selector)
        row = dict(result.row)
        if "include" in arguments:
            row["snapshot"] = projections.snapshot(kind.name, id, selector)
        return json_response(row, position=result.position)


def _declare_timeline(blueprint: StrictBlueprint, kind: Kind) -> None:
    @route(
        blueprint,
        "/<id:id>/timeline",
        query=parameters.paged(_SCOPE),
        response=_TIMELINE,
        expects=[problems.NOT_FOUND, problems.AMBIGUOUS, problems.NOT_CAUGHT_UP],
    )
    def get_timeline(arguments: dict[str, Any], id: str) -> Response:
        """Get what each event changed in a row, oldest first.

        The list is paged by the event's id.
        """
        selector, page = _selector(arguments), parameters.page(arguments)
        result = backend().projections.timeline(kind.name, id, selector, page)
        url = f"/v1/{kind.name}/{quote(id, safe='')}/timeline"
        data = _TIMELINE_ENTRY.dump(result.items, many=True)
        return list_response(data, has_more=result.has_more, position=result.position, url=url)


def _declare_fields(blueprint: StrictBlueprint, kind: Kind) -> None:
    @route(
        blueprint,
        "/<id:id>/fields",
        query=parameters.paged(_SCOPE),
        response=schemas.list_of(FieldSourceSchema),
        expects=[problems.NOT_FOUND, problems.AMBIGUOUS, problems.NOT_CAUGHT_UP],
    )
    def get_fields(arguments: dict[str, Any], id: str) -> Response:
        """Get which event set each field of a row, in the order of the fields."""
        result = backend().projections.sources(kind.name, id, _selector(arguments))
        page, has_more = page_of(result.items, lambda source: str(source["id"]), arguments)
        url = f"/v1/{kind.name}/{quote(id, safe='')}/fields"
        data = _FIELD_SOURCE.dump(page, many=True)
        return list_response(data, has_more=has_more, position=result.position, url=url)


def _filter(column: Field) -> fields.Field[Any]:
    if column.name == "account":
        return parameters.account()
    if column.name == "livemode":
        return parameters.livemode()
    return parameters.Text(f"Only rows with this {column.name}.")


def _selector(arguments: Mapping[str, Any]) -> RowSelector:
    """The account, mode and moment that a request names; without an account, any account."""
    names = [name for name in (*_SCOPE, *_MOMENT) if name in arguments]
    return RowSelector(**{name: arguments[name] for name in names})


def _wait(kind: Kind, id: str, selector: RowSelector, position: int, seconds: float) -> None:
    """Wait until the rows have read a position, so that clients can read their own writes."""
    projections = backend().projections
    head = backend().ledger.log.head().position
    if position > head:
        # Nothing is written there yet: an id that is unknown now is a 404.
        projections.get(kind.name, id, RowSelector(selector.account, selector.livemode))
        raise NotReady(f"the log ends at {head}")
    with backend().readers.waiting_for_projections():
        projections.wait_for(kind.name, position, seconds=seconds)
