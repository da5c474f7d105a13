"""``/v1/summary``: totals per account, mode and currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from api import problems
from api.backend import backend
from api.resources import parameters as query
from api.resources import schemas
from api.resources.answers import list_object, page_of
from api.resources.route import StrictBlueprint, route

_LIST = query.paged(
    {
        "account": query.account(),
        "livemode": query.livemode(),
        "currency": query.Text("Only this currency."),
    }
)


def blueprint() -> StrictBlueprint:
    """The route of the totals."""
    about = "Totals per account, mode and currency."
    blueprint = StrictBlueprint("summary", __name__, url_prefix="/v1/summary", description=about)
    answer = schemas.list_of(schemas.SUMMARY)
    route(blueprint, "", query=_LIST, answer=answer, expects=[problems.NOT_CAUGHT_UP])(list_totals)
    return blueprint


def list_totals(arguments: dict[str, Any]) -> Response:
    """List the totals."""
    listed = backend().projections.summary()
    wanted = {name: arguments[name] for name in _LIST().fields if name in arguments}
    items = [{"id": _id(row), **row} for row in listed.items if _fits(row, wanted)]
    page, has_more = page_of(items, lambda item: str(item["id"]), arguments)
    return list_object(page, has_more=has_more, position=listed.position)


def _id(row: Mapping[str, Any]) -> str:
    """A row is known by what it totals; lists page by an id."""
    mode = "live" if row["livemode"] else "test"
    return ":".join([row["account"] or "self", mode, row["currency"] or "none"])


def _fits(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    own = {**row, "account": row["account"] or "self"}
    return all(own[name] == wanted[name] for name in wanted if name in own)
