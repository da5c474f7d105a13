"""``/v1/summary``: totals per account, mode and currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import Schema, fields

from api import problems
from api.backend import backend
from api.resources import parameters, schemas
from api.resources.representation import list_response, page_of
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import ResponseSchema, computed, constant, integer, mapping, text
from projections import Kind

_LIST = parameters.paged(
    {
        "account": parameters.account(),
        "livemode": parameters.livemode(),
        "currency": parameters.Text("Only this currency."),
        "since": parameters.Timestamp(
            metadata={
                "description": "Only rows created at or after this time: Unix seconds, or RFC 3339"
                " with an offset."
            }
        ),
    }
)
_FILTERS = ("account", "livemode", "currency")


def summary_id(row: Mapping[str, Any]) -> str:
    """A row's id: ``self:live:eur``, ``acct_1:test:none``."""
    mode = "live" if row["livemode"] else "test"
    return ":".join([row["account"] or "self", mode, row["currency"] or "none"])


class SummarySchema(ResponseSchema):
    """What identifies a row of totals; ``schema`` adds the totals of each kind."""

    id = computed(
        "string", summary_id, "The id that the list pages by: account, mode and currency."
    )
    object = constant("summary")
    account = schemas.account()
    livemode = schemas.livemode()
    currency = text("The currency of the amounts; null if none is known.", allow_none=True)


def schema(kinds: Mapping[str, Kind]) -> type[Schema]:
    """The schema of a row: a member for every kind that declares a ``summary``."""
    totals = {name: _totals(kind) for name, kind in kinds.items() if kind.summary is not None}
    return SummarySchema.from_dict(totals, name="Summary")


def _totals(kind: Kind) -> fields.Field[Any]:
    """The totals of a kind by status: how many rows and the sums of amounts, or only how many."""
    if not kind.summary:
        return mapping("How many, by status.", values=fields.Integer())
    members: dict[str, fields.Field[Any]] = {"count": integer("How many.")}
    members |= {name: integer(f"Sum of {name}.") for name in kind.summary}
    total = ResponseSchema.from_dict(members, name=f"{kind.object.capitalize()}Total")
    return mapping("Totals by status.", values=fields.Nested(total))


def blueprint(kinds: Mapping[str, Kind]) -> StrictBlueprint:
    """The route of the totals."""
    blueprint = StrictBlueprint(
        "summary",
        __name__,
        url_prefix="/v1/summary",
        description="Totals per account, mode and currency.",
    )
    row = schema(kinds)
    row_schema = row()
    response = schemas.list_of(row)

    @route(blueprint, "", query=_LIST, response=response, expects=[problems.NOT_CAUGHT_UP])
    def list_totals(arguments: dict[str, Any]) -> Response:
        """List the totals."""
        totals = backend().projections.summary(since=arguments.get("since"))
        rows = [row for row in totals.items if _matches(row, arguments)]
        page, has_more = page_of(rows, summary_id, arguments)
        data = row_schema.dump(page, many=True)
        return list_response(data, has_more=has_more, position=totals.position)

    return blueprint


def _matches(row: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    values = {**row, "account": row["account"] or "self"}
    return all(values[name] == arguments[name] for name in _FILTERS if name in arguments)
