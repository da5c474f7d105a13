"""``/v1/subscribers``: who is handed which notifications."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, json
from marshmallow import fields

from api import problems
from api.backend import backend
from api.notify.addresses import Networks
from api.notify.sample import send_sample
from api.notify.subscribers import CONCURRENCY, CONCURRENCY_MAX, Subscriber
from api.resources import parameters, schemas
from api.resources.bodies import Begin, JsonBoolean, JsonInteger, NotificationTypes, body
from api.resources.representation import json_response, list_response, page_of
from api.resources.route import StrictBlueprint, log_request, route
from api.resources.schemas import (
    ResponseSchema,
    array,
    boolean,
    computed,
    constant,
    integer,
    text,
)


class SubscriberSchema(ResponseSchema):
    """Who is handed notifications: an HTTP endpoint or a handler in Python."""

    object = constant("subscriber")
    id = text("The subscriber's id.")
    name = text("What people call it.", allow_none=True)
    url = text("Where notifications are sent to; null for a handler.", allow_none=True)
    handler = text("A handler's key in HANDLERS; null for an endpoint.", allow_none=True)
    types = array(fields.String(), "The types that it is handed, or patterns of them.")
    history = boolean("Whether it is handed what is no news, too.")
    concurrency = integer("How many notifications are sent to it at once, at most.")
    status = text(
        "`active`, `paused` (nothing is sent, nothing is dropped) or `disabled` (it answered 410).",
        attribute="state",
    )
    reason = text("Why it is paused or disabled.", allow_none=True)
    begins_at = integer("The log position behind which it began.")
    position = integer("The log position up to which it was given what is to be handed to it.",
                       attribute="cursor")  # fmt: skip
    delivered = integer("How many attempts succeeded.")
    failed = integer("How many attempts failed.")
    given_up = integer("How many notifications were given up, until they are tried again.")
    waits_since = integer(
        "Since when the oldest notification waits that it was not handed yet, Unix seconds.",
        allow_none=True,
    )
    created = computed(
        "integer", lambda each: each["created_at"] // 1_000_000, "When it was added, Unix seconds."
    )


class NewSubscriberSchema(SubscriberSchema):
    """A subscriber that was just added, with its secret."""

    secret = text("What signs the notifications, by Standard Webhooks; shown this once.")


class DeletedSubscriberSchema(ResponseSchema):
    """A subscriber that was deleted."""

    object = constant("subscriber")
    id = text("The subscriber's id.")
    deleted = boolean("True.", dump_default=True)


class SampleSchema(ResponseSchema):
    """How a subscriber answered to a sample."""

    object = constant("sample")
    subscriber = text("The subscriber's id.")
    delivered = boolean("Whether it accepted the sample.")
    status = integer("The HTTP status of its answer, if there was one.", allow_none=True)
    error = text("Why it did not accept the sample.", allow_none=True)


_SUBSCRIBER, _DELETED, _SAMPLE = SubscriberSchema(), DeletedSubscriberSchema(), SampleSchema()


def _members(*, is_new: bool) -> dict[str, fields.Field[Any]]:
    """What a body may say; some of it must be said of a new subscriber."""
    return {
        "url": parameters.Text("Where to send to: http://… or https://….", required=is_new),
        "types": NotificationTypes(
            "The types that it is handed; order.* means every type of orders, * every type.",
            required=is_new,
        ),
        "name": parameters.Text("What people call it."),
        "history": JsonBoolean("Whether it is handed what is no news, too."),
        "concurrency": JsonInteger(
            f"How many are sent at once, at most; {CONCURRENCY} by default.",
            least=1,
            most=CONCURRENCY_MAX,
        ),
    }


_ADD = body(
    "AddSubscriber",
    {
        **_members(is_new=True),
        "begin": Begin("Where it begins: now, beginning, or behind a log position.",
                       data_key="from", load_default="now"),
    },
)  # fmt: skip
_CHANGE = body(
    "ChangeSubscriber",
    {
        **_members(is_new=False),
        "status": parameters.Text(
            "paused: nothing is sent until it is active again, and nothing is dropped.",
            choices=["active", "paused"],
        ),
    },
)


def blueprint() -> StrictBlueprint:
    """The routes of the subscribers."""
    blueprint = StrictBlueprint(
        "subscribers",
        __name__,
        url_prefix="/v1/subscribers",
        description="Who is handed which notifications.",
    )
    is_known = [problems.NOT_FOUND]
    writing: dict[str, Any] = {"scope": "full", "method": "POST"}
    response = schemas.list_of(SubscriberSchema)
    route(blueprint, "", query=parameters.paged({}), response=response)(list_subscribers)
    route(blueprint, "", body=_ADD, response=NewSubscriberSchema, status=201, **writing)(
        add_subscriber
    )
    route(blueprint, "/<id:id>", response=SubscriberSchema, expects=is_known)(get_subscriber)
    route(
        blueprint, "/<id:id>", body=_CHANGE, response=SubscriberSchema, expects=is_known, **writing
    )(change_subscriber)
    route(
        blueprint,
        "/<id:id>",
        response=DeletedSubscriberSchema,
        scope="full",
        method="DELETE",
        expects=is_known,
    )(delete_subscriber)
    route(blueprint, "/<id:id>/test", response=SampleSchema, expects=is_known, **writing)(
        send_sample_to
    )
    return blueprint


def list_subscribers(arguments: dict[str, Any]) -> Response:
    """List the subscribers, newest first."""
    position = backend().ledger.log.head().position
    subscribers = backend().notify.subscribers.list()
    page, has_more = page_of(subscribers, lambda each: each.id, arguments)
    return list_response(_dumped(*page), has_more=has_more, position=position)


def get_subscriber(arguments: dict[str, Any], id: str) -> Response:
    """Get one subscriber."""
    return _response(backend().notify.subscribers.get(id))


def add_subscriber(arguments: dict[str, Any], members: dict[str, Any]) -> Response:
    """Add an HTTP endpoint, which is sent notifications from now on.

    The answer has its secret, which is shown this once.
    """
    subscriber, secret = backend().notify.subscribers.add(**members)
    log_request("subscriber_added", subscriber=subscriber.id)
    [members] = _dumped(subscriber)
    document = {**members, "secret": secret}
    location = f"/v1/subscribers/{subscriber.id}"
    return Response(
        json.dumps(document), 201, {"Location": location}, content_type="application/json"
    )


def change_subscriber(arguments: dict[str, Any], members: dict[str, Any], id: str) -> Response:
    """Change what the body names; new types hold from the subscriber's position on."""
    status = members.pop("status", None)
    subscribers = backend().notify.subscribers
    subscriber = subscribers.update(id, **members)
    if status is not None and status != subscriber.state:
        subscriber = subscribers.resume(id) if status == "active" else subscribers.pause(id)
    log_request("subscriber_changed", subscriber=id)
    return _response(subscriber)


def delete_subscriber(arguments: dict[str, Any], id: str) -> Response:
    """Delete a subscriber, with what was and is to be handed to it."""
    backend().notify.subscribers.remove(id)
    log_request("subscriber_removed", subscriber=id)
    return Response(json.dumps(_DELETED.dump({"id": id})), content_type="application/json")


def send_sample_to(arguments: dict[str, Any], id: str) -> Response:
    """Send a sample to a subscriber: the newest notification that it wants, under another id."""
    stores = backend()
    subscriber = stores.notify.subscribers.get(id)
    answer = send_sample(stores.notify, subscriber, Networks(stores.settings.subscriber_networks))
    log_request("subscriber_tested", subscriber=id)
    members = {
        "subscriber": id,
        "delivered": answer.error is None,
        "status": answer.status,
        "error": answer.error,
    }
    return Response(json.dumps(_SAMPLE.dump(members)), content_type="application/json")


def _response(subscriber: Subscriber) -> Response:
    position = backend().ledger.log.head().position
    [members] = _dumped(subscriber)
    return json_response(members, position=position)


def _dumped(*subscribers: Subscriber) -> Any:
    """Subscribers with what is to be handed to them yet."""
    deliveries = backend().notify.deliveries
    given_up, oldest = deliveries.given_up(), deliveries.oldest()
    members = [
        {
            **asdict(each),
            "given_up": given_up.get(each.id, 0),
            "waits_since": oldest[each.id] // 1_000_000 if each.id in oldest else None,
        }
        for each in subscribers
    ]
    return _SUBSCRIBER.dump(members, many=True)
