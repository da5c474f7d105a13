"""``/v1/quarantine``: what was signed and is no event, with the reason and the exact bytes."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from flask import Response

from api import problems
from api.backend import backend
from api.problems import Problem
from api.resources import parameters as query
from api.resources import schemas
from api.resources.answers import list_object, represent
from api.resources.route import StrictBlueprint, route
from ledger import RecordedEvent

_ID = re.compile(r"qd_([1-9][0-9]{0,17})", re.ASCII)


def blueprint() -> StrictBlueprint:
    """The routes of the quarantine."""
    about = "Deliveries that were signed and are no events."
    blueprint = StrictBlueprint(
        "quarantine", __name__, url_prefix="/v1/quarantine", description=about
    )
    answer = schemas.list_of(schemas.QUARANTINED)
    route(blueprint, "", query=query.paged({}), answer=answer)(list_quarantined)
    route(
        blueprint,
        "/<id:id>",
        answer=schemas.QUARANTINED_WITH_BODY,
        scope="full",
        expects=[problems.NOT_FOUND],
    )(get_quarantined)
    return blueprint


def list_quarantined(arguments: dict[str, Any]) -> Response:
    """List quarantined deliveries, newest first."""
    log = backend().ledger.log
    position = log.head().position
    page = log.quarantine(
        limit=arguments["limit"],
        starting_after=_cursor(arguments, "starting_after"),
        ending_before=_cursor(arguments, "ending_before"),
    )
    items = [_item(entry) for entry in page.items]
    reached = max([position, *(entry.position for entry in page.items)])
    return list_object(items, has_more=page.has_more, position=reached)


def get_quarantined(arguments: dict[str, Any], id: str) -> Response:
    """Get one with its exact bytes.

    They are in body where they are UTF-8, else in body_base64.
    """
    log = backend().ledger.log
    position = _position(id)
    entry = None if position is None else log.quarantined(position)
    if entry is None:
        raise Problem(problems.NOT_FOUND)
    return represent({**_item(entry), **_body(entry.body)}, position=log.head().position)


def _item(entry: RecordedEvent) -> dict[str, Any]:
    return {
        "object": "quarantined_delivery",
        "id": f"qd_{entry.position}",
        "position": entry.position,
        "reason": entry.reason,
        "received_at": entry.received_at // 1_000_000,
        "size": entry.size,
    }


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(body).decode("ascii")}


def _cursor(arguments: Mapping[str, Any], name: str) -> int | None:
    if name not in arguments:
        return None
    position = _position(arguments[name])
    if position is None:
        raise Problem.parameter(name, "is no id of this list")
    return position


def _position(id: str) -> int | None:
    match = _ID.fullmatch(id)
    return int(match[1]) if match else None
