"""``/v1/search``: rows of any kind by what somebody has at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import validate

from api import problems
from api.backend import backend
from api.resources import parameters, schemas
from api.resources.representation import list_response
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import ResponseSchema, constant, integer, mapping, text
from projections import Kind

_CHARACTERS = validate.Length(2, 200, error="must have {min} to {max} characters besides blanks")


class SearchText(parameters.Text):
    """What is searched for, without the blanks around it."""

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        wanted = super()._deserialize(value, *rest, **options).strip()
        _CHARACTERS(wanted)
        return wanted


_QUERY = parameters.query(
    {
        "q": SearchText(
            "An id or its beginning, an e-mail address, a name or a word of it, a number, a"
            " reference, or a value of metadata, or the beginning of one, in capitals or not;"
            " an id is written as Stripe writes it.",
            required=True,
        )
    }
)


class SearchResultSchema(ResponseSchema):
    """A row that was found, and by what."""

    object = constant("search_result")
    kind = text("The kind of the row.")
    id = text("The row's id.")
    account = schemas.account()
    livemode = schemas.livemode()
    created = integer("When it was created at Stripe.")
    field = text(
        "What was found: id, a field, metadata. and its key, or the object whose id it is, like"
        " refund."
    )
    row = mapping("The row, as a list of its kind shows it.")


def blueprint(kinds: Mapping[str, Kind]) -> StrictBlueprint:
    """The route of the search."""
    blueprint = StrictBlueprint(
        "search", __name__, url_prefix="/v1/search", description=_description(kinds)
    )
    response = schemas.list_of(SearchResultSchema)
    route(blueprint, "", query=_QUERY, response=response, expects=[problems.NOT_CAUGHT_UP])(search)
    return blueprint


def _description(kinds: Mapping[str, Kind]) -> str:
    fields = "; ".join(
        f"{kind.name} by {', '.join(kind.search)}" for kind in kinds.values() if kind.search
    )
    return f"Rows of any kind by id and by the values of metadata; also {fields}."


def search(arguments: dict[str, Any]) -> Response:
    """Find rows of any kind: what has the text first, then what begins with it; newest first.

    At most 20 are shown; has_more says that there are others.
    """
    result = backend().projections.search(arguments["q"])
    return list_response(result.items, has_more=result.has_more, position=result.position)
