"""``/v1/events``: the log as a list, as a feed to read upwards, and single events with bytes."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from flask import Response

from api import problems
from api.backend import backend
from api.problems import Problem
from api.resources import parameters, schemas
from api.resources.representation import json_response, list_response
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import ResponseSchema, computed, constant, integer, text


class EventSchema(ResponseSchema):
    """An event in a list: its envelope and how it was received, without the body."""

    object = constant("event")
    id = text("Stripe's id of the event; snap_… of a snapshot record.", attribute="event_id")
    position = schemas.position()
    type = text("The event's type, like charge.succeeded.")
    object_id = text("The id of the Stripe object, if it has one.", attribute="stream",
                     allow_none=True)  # fmt: skip
    created = integer("When Stripe created it, Unix seconds.")
    received_at = schemas.received_at()
    api_version = text("The API version of its payload.", allow_none=True)
    account = schemas.account()
    livemode = schemas.livemode()
    source = text("How it was received: webhook, import, or api (Stripe was asked).")


class EventWithBodySchema(EventSchema):
    """A single event, with its bytes and what proves them."""

    body = computed(
        "string",
        lambda event: event.body.decode("utf-8"),
        "The exact bytes that Stripe signed, or of the snapshot record, as a string.",
    )
    sha256 = computed(
        "string", lambda event: sha256(event.body).hexdigest(), "The body's SHA-256, in hex."
    )
    chain = computed(
        "string", lambda event: event.chain.hex(), "The log's chain value at this position, in hex."
    )


_EVENT, _EVENT_WITH_BODY = EventSchema(), EventWithBodySchema()

_LIST = parameters.paged(
    {
        "id": parameters.Text("Only the event with this id of Stripe's."),
        "type": parameters.TypePattern(
            "Only this type; charge.* means every type that begins with charge."
        ),
        "object_id": parameters.Text("Only events of this Stripe object."),
        "account": parameters.account(),
        "livemode": parameters.livemode(),
        **parameters.created(),
        **parameters.compared("position", "Only events {} this position, upwards.", ("gt",)),
    }
)


def blueprint() -> StrictBlueprint:
    """The routes of the log."""
    blueprint = StrictBlueprint(
        "events", __name__, url_prefix="/v1/events", description="The events received from Stripe."
    )
    route(blueprint, "", query=_LIST, response=schemas.list_of(EventSchema))(list_events)
    route(
        blueprint,
        "/<id:id>",
        response=EventWithBodySchema,
        scope="full",
        expects=[problems.NOT_FOUND],
    )(get_event)
    return blueprint


def list_events(arguments: dict[str, Any]) -> Response:
    """List the events, newest position first.

    With position[gt] the list goes upwards from there instead: a feed for consumers.
    """
    log = backend().ledger.log
    head = log.head().position
    page = log.events(
        event_id=arguments.get("id"),
        type=arguments.get("type"),
        object_id=arguments.get("object_id"),
        account=arguments.get("account"),
        livemode=arguments.get("livemode"),
        created=parameters.created_bounds(arguments),
        position_gt=arguments.get("position_gt"),
        limit=arguments["limit"],
        starting_after=arguments.get("starting_after"),
        ending_before=arguments.get("ending_before"),
    )
    # The page may hold events that were committed after the head was read.
    position = max([head, *(event.position for event in page.items)])
    data = _EVENT.dump(page.items, many=True)
    return list_response(data, has_more=page.has_more, position=position)


def get_event(arguments: dict[str, Any], id: str) -> Response:
    """Get one event with its exact bytes."""
    log = backend().ledger.log
    event = log.event(id)
    if event is None:
        raise Problem(problems.NOT_FOUND)
    return json_response(_EVENT_WITH_BODY.dump(event), position=log.head().position)
