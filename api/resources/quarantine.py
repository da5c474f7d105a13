"""``/v1/quarantine``: signed bodies that are not events, with the reason and the exact bytes."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from flask import Response, json
from marshmallow import missing

from api import problems
from api.backend import backend
from api.ingest.retry import retry_quarantined
from api.problems import Problem
from api.resources import parameters, schemas
from api.resources.representation import json_response, list_response
from api.resources.route import StrictBlueprint, log_request, route
from api.resources.schemas import ResponseSchema, computed, constant, integer, text
from ledger import RecordedEvent

_ID = re.compile(r"qd_([1-9][0-9]{0,17})", re.ASCII)


def _utf8(body: bytes) -> Any:
    """The text that the bytes encode; ``missing`` if they are not UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return missing


class QuarantinedDeliverySchema(ResponseSchema):
    """A quarantined delivery in a list, without the body."""

    object = constant("quarantined_delivery")
    id = computed("string", lambda event: f"qd_{event.position}", "qd_ followed by its position.")
    position = schemas.position()
    reason = text("Why it is not an event.")
    received_at = schemas.received_at()
    size = integer("The body's length in bytes.")


class QuarantinedDeliveryWithBodySchema(QuarantinedDeliverySchema):
    """A single quarantined delivery, with its bytes."""

    body = computed(
        "string",
        lambda event: _utf8(event.body),
        "The exact bytes as a string, if they are UTF-8.",
        required=False,
    )
    body_base64 = computed(
        "string",
        lambda event: b64encode(event.body).decode() if _utf8(event.body) is missing else missing,
        "The exact bytes in Base64, if they are not.",
        required=False,
    )


class QuarantineRetrySchema(ResponseSchema):
    """What became of a quarantined delivery that was read again."""

    object = constant("quarantine_retry")
    id = text("qd_ followed by its position.")
    status = text("`stored` as an event, `duplicate` of one, or `quarantined` as before.")


_DELIVERY, _DELIVERY_WITH_BODY = QuarantinedDeliverySchema(), QuarantinedDeliveryWithBodySchema()
_RETRY = QuarantineRetrySchema()


def blueprint() -> StrictBlueprint:
    """The routes of the quarantine."""
    blueprint = StrictBlueprint(
        "quarantine",
        __name__,
        url_prefix="/v1/quarantine",
        description="Deliveries with a valid signature that are not events.",
    )
    response = schemas.list_of(QuarantinedDeliverySchema)
    route(blueprint, "", query=parameters.paged({}), response=response)(list_quarantined)
    route(
        blueprint,
        "/<id:id>",
        response=QuarantinedDeliveryWithBodySchema,
        scope="full",
        expects=[problems.NOT_FOUND],
    )(get_quarantined)
    route(
        blueprint,
        "/<id:id>/retry",
        response=QuarantineRetrySchema,
        scope="full",
        method="POST",
        expects=[problems.NOT_FOUND],
    )(retry_delivery)
    return blueprint


def list_quarantined(arguments: dict[str, Any]) -> Response:
    """List quarantined deliveries, newest first."""
    log = backend().ledger.log
    head = log.head().position
    page = log.quarantine(
        limit=arguments["limit"],
        starting_after=_cursor(arguments, "starting_after"),
        ending_before=_cursor(arguments, "ending_before"),
    )
    # The page may hold deliveries that were committed after the head was read.
    position = max([head, *(delivery.position for delivery in page.items)])
    data = _DELIVERY.dump(page.items, many=True)
    return list_response(data, has_more=page.has_more, position=position)


def get_quarantined(arguments: dict[str, Any], id: str) -> Response:
    """Get one quarantined delivery with its exact bytes.

    They are in body if they are UTF-8, else in body_base64.
    """
    position = backend().ledger.log.head().position
    return json_response(_DELIVERY_WITH_BODY.dump(_quarantined(id)), position=position)


def retry_delivery(arguments: dict[str, Any], id: str) -> Response:
    """Read a quarantined delivery again with the current settings, and append it if it is an event.

    The quarantined delivery stays in the log.
    """
    stores = backend()
    status = retry_quarantined(stores.ledger, _quarantined(id), stores.settings.livemode)
    log_request("quarantine_retry", id=id, status=status)
    body = json.dumps(_RETRY.dump({"id": id, "status": status}))
    return Response(body, content_type="application/json")


def _quarantined(id: str) -> RecordedEvent:
    position = _position(id)
    delivery = None if position is None else backend().ledger.log.quarantined(position)
    if delivery is None:
        raise Problem(problems.NOT_FOUND)
    return delivery


def _cursor(arguments: Mapping[str, Any], name: str) -> int | None:
    """The position that a cursor names; raises a 422 for anything but a quarantine id."""
    if name not in arguments:
        return None
    position = _position(arguments[name])
    if position is None:
        raise Problem.parameter(name, "is not an id in this list")
    return position


def _position(id: str) -> int | None:
    match = _ID.fullmatch(id)
    return int(match[1]) if match else None
