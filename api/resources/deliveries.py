"""``/v1/deliveries``: the last answers of the way in, also those that refused."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from api.backend import backend
from api.resources import parameters, schemas
from api.resources.representation import json_response, list_response, page_of
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import (
    ResponseSchema,
    array,
    boolean,
    constant,
    integer,
    number,
    received_at,
    text,
)
from api.telemetry import delivery_metrics, recent_deliveries
from api.telemetry.delivery_ring import MINUTES_MAX, OUTCOMES

_LIST = parameters.paged(
    {
        "outcome": parameters.Text("Only with this outcome.", choices=OUTCOMES),
        "event": parameters.Text("Only deliveries of the event with this id of Stripe's."),
        "accepted": parameters.StrictBoolean("Only those that need not (true) or have to (false)"
                                             " be sent again."),
    }
)  # fmt: skip
_MINUTES = parameters.query(
    {
        "minutes": parameters.StrictInteger(
            "How many minutes.", least=1, most=MINUTES_MAX, load_default=60
        )
    }
)


class RecentDeliverySchema(ResponseSchema):
    """One answer to whoever delivered, with the reason, and never any of a body."""

    object = constant("delivery")
    id = text("The id of the request in the server's log.")
    received_at = received_at()
    accepted = boolean("Whether it is in the log, and need not be sent again.",
                       attribute="is_accepted")  # fmt: skip
    outcome = text("`stored`, `duplicate`, `quarantined`, `refused` or `unavailable`.")
    reason = text("Why it was not stored as an event.", allow_none=True)
    secret = text("The name of the secret that signed it.", allow_none=True)
    event = text("Stripe's id of the event; null where nothing was verified.", allow_none=True)
    type = text("The event's type.", allow_none=True)
    position = integer("Position in the log.", allow_none=True)
    bytes = integer("The body's size; null where it was not read.", allow_none=True)
    milliseconds = number("How long the answer took.")


class MinuteSchema(ResponseSchema):
    """How many deliveries there were in a minute."""

    created = integer("When the minute began, Unix seconds.")
    accepted = integer("How many are in the log.")
    refused = integer("How many were refused, or could not be stored.")


class MinutesSchema(ResponseSchema):
    """The deliveries of the last minutes."""

    object = constant("delivery_minutes")
    data = array(fields.Nested(MinuteSchema), "One per minute, the oldest first.")


_DELIVERY, _PER_MINUTE = RecentDeliverySchema(), MinutesSchema()


def blueprint() -> StrictBlueprint:
    """The routes of the deliveries."""
    blueprint = StrictBlueprint(
        "deliveries",
        __name__,
        url_prefix="/v1/deliveries",
        description="The last 500 deliveries that were accepted, and as many that were not, of each"
        " process since the ledger was started.",
    )
    response = schemas.list_of(RecentDeliverySchema)
    route(blueprint, "", query=_LIST, response=response)(list_deliveries)
    route(blueprint, "/minutes", query=_MINUTES, response=MinutesSchema)(count_deliveries)
    return blueprint


def list_deliveries(arguments: dict[str, Any]) -> Response:
    """List the last deliveries, newest first."""
    # What this process has received is there at once, of others a moment later.
    delivery_metrics.flush()
    head = backend().ledger.log.head().position
    wanted = {"outcome": "outcome", "event": "event", "accepted": "is_accepted"}
    matches = [
        delivery
        for delivery in recent_deliveries.deliveries()
        if all(
            getattr(delivery, attribute) == arguments[name]
            for name, attribute in wanted.items()
            if name in arguments
        )
    ]
    page, has_more = page_of(matches, lambda delivery: delivery.id, arguments)
    return list_response(_DELIVERY.dump(page, many=True), has_more=has_more, position=head)


def count_deliveries(arguments: dict[str, Any]) -> Response:
    """Count the deliveries of each of the last minutes."""
    delivery_metrics.flush()
    counts = recent_deliveries.minutes()
    last = int(backend().clock()) // 60
    data = [
        {"created": 60 * minute, "accepted": accepted, "refused": refused}
        for minute in range(last - arguments["minutes"] + 1, last + 1)
        for accepted, refused in [counts.get(minute, (0, 0))]
    ]
    head = backend().ledger.log.head().position
    return json_response(_PER_MINUTE.dump({"data": data}), position=head)
