"""``/v1/notifications``: what became true, once each, and handing one out again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, json
from marshmallow import ValidationError, fields

from api import problems
from api.backend import backend
from api.notify.errors import SubscriberRefused
from api.notify.types import check_types, matches
from api.problems import Problem
from api.resources import parameters, schemas
from api.resources.representation import json_response, list_response
from api.resources.route import StrictBlueprint, log_request, route
from api.resources.schemas import ResponseSchema, boolean, constant, integer, text
from projections import Notification, NotificationFilter, NotificationPage, notification_types


def types_text() -> str:
    """Every type with its meaning, for the documentation."""
    return "; ".join(
        f"{type} ({condition.about.rstrip('.')})"
        for type, condition in notification_types().items()
    )


class TypeFilter(parameters.Text):
    """A type of notifications that is declared, or a pattern of some."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        objects = dict.fromkeys(f"{type.rpartition('.')[0]}.*" for type in notification_types())
        self.metadata = {**self.metadata, "enum": [*notification_types(), *objects, "*"]}

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        pattern = super()._deserialize(value, *rest, **options)
        try:
            check_types([pattern], notification_types())
        except SubscriberRefused as refused:
            raise ValidationError(str(refused)) from None
        return pattern


class CauseSchema(ResponseSchema):
    """The event at which a condition rose."""

    event = text("Stripe's id of the event.")
    type = text("The event's type.")
    created = integer("When Stripe created it, Unix seconds.")
    position = schemas.position()


class NotificationSchema(ResponseSchema):
    """That a condition became true of a row."""

    object = constant("notification")
    id = text("The same whenever it is worked out, and what `webhook-id` says.")
    type = text("The row's object and the condition, like `order.paid`.")
    kind = text("The kind of the row.")
    object_id = text("The row's id.")
    position = integer("The log position at which it was known.")
    ordinal = integer("For the how many-th time the condition became true of the row, from 1.")
    late = boolean("Whether the row had newer events by then.")
    holds = boolean("Whether the condition still held in the row as it was known then.")
    history = boolean(
        "Whether it is no news (imported, or old when it was received): only subscribers that"
        " asked for history are handed it."
    )
    cause = fields.Nested(CauseSchema, **schemas.documented("The event at which it became true."))
    created = integer("When Stripe created that event, Unix seconds.", attribute="cause.created")
    account = schemas.account()
    livemode = schemas.livemode()


class RetrySchema(ResponseSchema):
    """That a notification is handed out again."""

    object = constant("retry")
    notification = text("The notification's id.")
    deliveries = integer("To how many subscribers.")


_NOTIFICATION, _RETRY = NotificationSchema(), RetrySchema()

_LIST = parameters.paged(
    {
        "type": TypeFilter("Only this type; order.* means every type of orders."),
        "object_id": parameters.Text("Only of the row with this id."),
        "account": parameters.account(),
        "livemode": parameters.livemode(),
        **parameters.created(),
        **parameters.compared("position", "Only those known {} this position, upwards.", ("gt",)),
    }
)


def blueprint() -> StrictBlueprint:
    """The routes of the feed."""
    blueprint = StrictBlueprint(
        "notifications",
        __name__,
        url_prefix="/v1/notifications",
        description=f"What became true, once each. The types: {types_text()}.",
    )
    response = schemas.list_of(NotificationSchema)
    route(blueprint, "", query=_LIST, response=response)(list_notifications)
    route(blueprint, "/<id:id>", response=NotificationSchema, expects=[problems.NOT_FOUND])(
        get_notification
    )
    route(
        blueprint,
        "/<id:id>/retry",
        response=RetrySchema,
        scope="full",
        method="POST",
        status=202,
        expects=[problems.NOT_FOUND, problems.NOTHING_TO_RETRY],
    )(retry_notification)
    return blueprint


def list_notifications(arguments: dict[str, Any]) -> Response:
    """List the notifications, newest position first.

    With position[gt] the list goes upwards from there instead: a feed for consumers who keep a
    cursor of their own.
    """
    feed = backend().notify.feed
    read = feed.position()
    pattern = arguments.get("type")
    page = feed.list(
        NotificationFilter(
            types=[type for type in notification_types() if pattern and matches([pattern], type)],
            object_id=arguments.get("object_id"),
            account=arguments.get("account"),
            livemode=arguments.get("livemode"),
            created=parameters.created_bounds(arguments),
            position_gt=arguments.get("position_gt"),
        ),
        NotificationPage(
            arguments["limit"], arguments.get("starting_after"), arguments.get("ending_before")
        ),
    )
    # The page may hold notifications that were written after the position was read.
    position = max([read, *(each.position for each in page.items)])
    data = [_dumped(each) for each in page.items]
    return list_response(data, has_more=page.has_more, position=position)


def get_notification(arguments: dict[str, Any], id: str) -> Response:
    """Get one notification."""
    feed = backend().notify.feed
    notification = feed.get(id)
    if notification is None:
        raise Problem(problems.NOT_FOUND)
    position = max(feed.position(), notification.position)
    return json_response(_dumped(notification), position=position)


def retry_notification(arguments: dict[str, Any], id: str) -> Response:
    """Try again at once to hand it to those subscribers who did not get it."""
    notify = backend().notify
    count = notify.deliveries.retry(id)
    if not count:
        is_known = notify.feed.get(id) is not None
        raise Problem(problems.NOTHING_TO_RETRY if is_known else problems.NOT_FOUND)
    log_request("notification_retried", notification=id, deliveries=count)
    body = json.dumps(_RETRY.dump({"notification": id, "deliveries": count}))
    return Response(body, 202, content_type="application/json")


def _dumped(notification: Notification) -> Any:
    is_history = notification.is_history(backend().settings.notify_max_age)
    return _NOTIFICATION.dump({**asdict(notification), "history": is_history})
