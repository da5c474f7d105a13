"""``/v1/stripe``: what the sweeps of Stripe's API found; and the endpoints that Stripe has."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from flask import Response
from marshmallow import fields

from api import problems
from api.backend import backend
from api.problems import Problem
from api.resources import parameters, schemas
from api.resources.representation import json_response, list_response, page_of
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import ResponseSchema, array, boolean, computed, constant, integer, text
from api.stripe.balance_store import BalanceStore
from api.stripe.client import StripeApi
from api.stripe.endpoints import Endpoint, Endpoints, problems_of
from api.stripe.figures import figures
from api.stripe.refusals import StripeRefused, StripeUnreachable
from api.stripe.thin_store import ThinStore
from ledger import ConfigurationError, RecordedEvent


class FetchedSchema(ResponseSchema):
    """Of a type, the events that were fetched from Stripe before any webhook brought them."""

    type = text("The events' type.")
    missed = integer("How many whose webhook never came, or not in three days.")
    early = integer("How many whose webhook came after all.")
    awaited = integer("How many whose webhook may still come.")
    oldest_missed = integer("When the oldest of the missed was created.", allow_none=True)
    longest_delay = integer("The longest delay of a webhook, in seconds.", allow_none=True)


class SweepSchema(ResponseSchema):
    """How far the events of an account were compared with Stripe's."""

    account = schemas.account()
    livemode = schemas.livemode()
    swept_until = integer("Up to when; 0: never.")
    is_gone = boolean("Whether the account is not connected any more.")
    under_way = computed("boolean", lambda state: state.since is not None, "Whether a sweep runs.")


class LastDeliverySchema(ResponseSchema):
    """The newest verified webhook of a mode, if it is among its newest hundred events."""

    livemode = schemas.livemode()
    received_at = schemas.received_at()
    api_version = text("The API version of its payload.", allow_none=True)


class WaitingSchema(ResponseSchema):
    """What is still to be asked for, to be recorded as snapshot records."""

    balance_transactions = integer("Balance transactions that are wanted.")
    due = integer("How many of them could have been asked for by now.")
    oldest_due = integer("Since when the oldest of those is due.", allow_none=True)
    thin_events = integer("Thin events whose object was not fetched yet.")


class StripeStateSchema(ResponseSchema):
    """What is known of the way from Stripe to here."""

    object = constant("stripe_state")
    is_asked = boolean("Whether there is a STRIPE_API_KEY to ask Stripe with.")
    sweep_minutes = integer("Minutes between two sweeps; 0: never.")
    swept_until = integer("Up to when all accounts are swept; null: never.", allow_none=True)
    sweeps = array(fields.Nested(SweepSchema), "The accounts that were swept.")
    fetched = array(fields.Nested(FetchedSchema), "By type, what no webhook brought in time.")
    waiting = fields.Nested(WaitingSchema, **schemas.documented("What is still to be asked for."))
    last_deliveries = array(fields.Nested(LastDeliverySchema), "The newest webhook of each mode.")


class EndpointSchema(ResponseSchema):
    """A webhook endpoint as Stripe has it, and what is wrong with it."""

    object = constant("webhook_endpoint")
    id = text("The endpoint's id.")
    url = text("Where it leads.")
    status = text("`enabled`, or `disabled`: then Stripe sends nothing.")
    livemode = schemas.livemode()
    api_version = text("The API version of what it sends.", allow_none=True)
    enabled_events = array(fields.String(), "The types that it sends.")
    is_ours = boolean("Whether it leads to a ledger.")
    problems = array(fields.String(), "What is wrong with it, in a line each.")


_WAIT_SECONDS_MAX = 2.0
_EVENTS_LOOKED_AT = 100

_STATE, _ENDPOINT = StripeStateSchema(), EndpointSchema()


def blueprint() -> StrictBlueprint:
    """The routes about Stripe."""
    blueprint = StrictBlueprint(
        "stripe",
        __name__,
        url_prefix="/v1/stripe",
        description="What was asked of Stripe's API: gaps, and the endpoints there.",
    )
    route(blueprint, "", response=StripeStateSchema)(get_stripe)
    route(
        blueprint,
        "/endpoints",
        query=parameters.paged({}),
        response=schemas.list_of(EndpointSchema),
        expects=[problems.STRIPE_NOT_ASKED, problems.STRIPE_REFUSED],
    )(list_endpoints)
    return blueprint


def get_stripe(arguments: dict[str, Any]) -> Response:
    """Get what the sweeps found: the proof that webhooks lose nothing, or what they lost."""
    stores = backend()
    engine = stores.ledger.engine
    its_figures = figures(engine, stores.clock())
    state = {
        "is_asked": stores.settings.stripe_api_key is not None,
        "sweep_minutes": stores.settings.sweep_minutes,
        "swept_until": its_figures.swept_until,
        "sweeps": [
            sweep for livemode in (True, False) for sweep in stores.sweeps.states(livemode).values()
        ],
        "fetched": [{"type": type, **asdict(its)} for type, its in its_figures.by_type.items()],
        "waiting": _waiting(),
        "last_deliveries": [
            event for livemode in (True, False) if (event := _newest_webhook(livemode)) is not None
        ],
    }
    return json_response(_STATE.dump(state), position=stores.ledger.log.head().position)


def _waiting() -> dict[str, int | None]:
    stores = backend()
    engine = stores.ledger.engine
    backlog = BalanceStore.backlog(engine, stores.clock())
    return {
        "balance_transactions": backlog.wanted,
        "due": backlog.due,
        "oldest_due": backlog.oldest_due,
        "thin_events": ThinStore(engine).figures().waiting,
    }


def _newest_webhook(livemode: bool) -> RecordedEvent | None:
    """Of a mode; looked for among its newest events, for those without any may be millions."""
    page = backend().ledger.log.events(livemode=livemode, limit=_EVENTS_LOOKED_AT)
    return next((event for event in page.items if event.source == "webhook"), None)


def list_endpoints(arguments: dict[str, Any]) -> Response:
    """List the webhook endpoints, as Stripe answers this moment."""
    try:
        endpoints = Endpoints(StripeApi.of(backend().settings, sleep=_wait_little)).all()
    except ConfigurationError as error:
        raise Problem(problems.STRIPE_NOT_ASKED, str(error)) from None
    except StripeRefused as refused:
        raise Problem(problems.STRIPE_REFUSED, str(refused)) from None
    page, has_more = page_of(endpoints, lambda endpoint: endpoint.id, arguments)
    data = [_dumped(endpoint) for endpoint in page]
    head = backend().ledger.log.head().position
    return list_response(data, has_more=has_more, position=head)


def _wait_little(seconds: float) -> None:
    """Wait for a turn, but not for as long as Stripe may ask: somebody waits for the answer."""
    if seconds > _WAIT_SECONDS_MAX:
        raise StripeUnreachable("Stripe asks to wait, for too many requests (429)")
    time.sleep(seconds)


def _dumped(endpoint: Endpoint) -> Any:
    names = ("id", "url", "status", "livemode", "api_version", "enabled_events", "is_ours")
    values = {name: getattr(endpoint, name) for name in names}
    return _ENDPOINT.dump({**values, "problems": problems_of(endpoint)})
