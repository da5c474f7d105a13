"""``/v1/attempts``: every try to hand a notification to a subscriber, and how it ended."""

from __future__ import annotations

from typing import Any, get_args

from flask import Response, g

from api.backend import backend
from api.notify.attempts import Outcome
from api.resources import parameters, schemas
from api.resources.representation import list_response
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import ResponseSchema, computed, constant, integer, text


class AttemptSchema(ResponseSchema):
    """One try to hand a notification to a subscriber."""

    object = constant("attempt")
    id = text("The attempt's id.")
    subscriber = text("The subscriber's id.")
    notification = text("The notification's id.")
    attempt = integer("The how many-th attempt at this delivery, from 1.")
    outcome = text("`delivered` or `failed`.")
    status = integer("The HTTP status of the answer, if there was one.", allow_none=True)
    error = text("Why there is no answer, or what a handler raised.", allow_none=True)
    answer = text(
        "How the answer began; only for keys of scope full.", allow_none=True, required=False
    )
    created = computed(
        "integer", lambda attempt: attempt.started_at // 1_000_000, "When it began, Unix seconds."
    )
    milliseconds = integer("How long it took.")


# A subscriber's answer may hold anything, also what its owner would not show to whoever reads.
_WITH_ANSWER, _WITHOUT_ANSWER = AttemptSchema(), AttemptSchema(exclude=["answer"])

_LIST = parameters.paged(
    {
        "subscriber": parameters.Text("Only attempts to hand something to this subscriber."),
        "notification": parameters.Text("Only attempts to hand out this notification."),
        "outcome": parameters.Text("Only with this outcome.", choices=get_args(Outcome)),
    }
)


def blueprint() -> StrictBlueprint:
    """The route of the attempts."""
    blueprint = StrictBlueprint(
        "attempts",
        __name__,
        url_prefix="/v1/attempts",
        description="Every try to hand a notification to a subscriber, and how it ended.",
    )
    route(blueprint, "", query=_LIST, response=schemas.list_of(AttemptSchema))(list_attempts)
    return blueprint


def list_attempts(arguments: dict[str, Any]) -> Response:
    """List the attempts, newest first."""
    position = backend().ledger.log.head().position
    page = backend().notify.attempts.list(**arguments)
    schema = _WITH_ANSWER if g.caller.scope == "full" else _WITHOUT_ANSWER
    data = schema.dump(page.items, many=True)
    return list_response(data, has_more=page.has_more, position=position)
