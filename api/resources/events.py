"""``/v1/events``: the log itself, as a list, as a feed to read upwards, and byte for byte."""

from __future__ import annotations

from hashlib import sha256
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

_LIST = query.paged(
    {
        "type": query.TypePattern("Only this type; charge.* takes all that begin so."),
        "object_id": query.Text("Only events about this Stripe object."),
        "account": query.account(),
        "livemode": query.livemode(),
        **query.created(),
        **query.compared("position", "Read upwards, from the event", ("gt",)),
    }
)


def blueprint() -> StrictBlueprint:
    """The routes of the log."""
    blueprint = StrictBlueprint(
        "events", __name__, url_prefix="/v1/events", description="What Stripe told us."
    )
    answer = schemas.list_of(schemas.EVENT)
    route(blueprint, "", query=_LIST, answer=answer)(list_events)
    route(
        blueprint,
        "/<id:id>",
        answer=schemas.EVENT_WITH_BODY,
        scope="full",
        expects=[problems.NOT_FOUND],
    )(get_event)
    return blueprint


def list_events(arguments: dict[str, Any]) -> Response:
    """List the events, newest position first.

    With position[gt] it reads upwards from there instead: a feed for consumers.
    """
    log = backend().ledger.log
    position = log.head().position
    page = log.events(
        type=arguments.get("type"),
        object_id=arguments.get("object_id"),
        account=arguments.get("account"),
        livemode=arguments.get("livemode"),
        created=query.created_of(arguments),
        position_gt=arguments.get("position_gt"),
        limit=arguments["limit"],
        starting_after=arguments.get("starting_after"),
        ending_before=arguments.get("ending_before"),
    )
    items = [_item(entry) for entry in page.items]
    # What was committed between the two reads is in the page already.
    reached = max([position, *(entry.position for entry in page.items)])
    return list_object(items, has_more=page.has_more, position=reached)


def get_event(arguments: dict[str, Any], id: str) -> Response:
    """Get one event with its exact bytes."""
    log = backend().ledger.log
    entry = log.event(id)
    if entry is None:
        raise Problem(problems.NOT_FOUND)
    proof = {"sha256": sha256(entry.body).hexdigest(), "chain": entry.chain.hex()}
    event = {**_item(entry), "body": entry.body.decode("utf-8"), **proof}
    return represent(event, position=log.head().position)


def _item(entry: RecordedEvent) -> dict[str, Any]:
    return {
        "object": "event",
        "id": entry.event_id,
        "position": entry.position,
        "type": entry.type,
        "object_id": entry.stream,
        "created": entry.created,
        "received_at": entry.received_at // 1_000_000,
        "api_version": entry.api_version,
        "account": entry.account,
        "livemode": entry.livemode,
        "source": entry.source,
    }
