"""The context a story runs in: its clock, its random sources, and the events emitted so far."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields, replace
from random import Random
from typing import Any

from api.simulator import people
from api.simulator.facts import EventFacts, facts_of
from api.simulator.ids import Ids
from api.simulator.people import Method, Person
from api.simulator.shapes import Json, render
from api.simulator.states import State, states_of
from api.simulator.versions import RELEASES_UNTIL, api_version
from api.simulator.world import (
    Application,
    Charge,
    Conversion,
    Dispute,
    Movement,
    PaymentIntent,
    Plan,
    Price,
    Refund,
    WorldObject,
)

_WITH_PREVIOUS_ATTRIBUTES = frozenset(
    {"charge.captured", "charge.refunded", "charge.dispute.closed"}
)
"""The types beside `*.updated` whose events were seen to carry `previous_attributes`."""


class StoryContext:
    """Runs one story: moves its clock, draws random values, renders and records its events.

    Random values come from three sources seeded with the story's tag: one for the world's
    objects, one for event envelopes, one for the API version of each event. So the objects and
    the envelopes are the same whatever the versions are.

    `time` is the story's current time in Unix seconds. `releases_are_refunds` says what Stripe
    makes of a released authorization: the version of the requests decides, of all events alike.
    `movements` has what moved the balance, which most events do not show; `conversion`, if
    set, is what it is settled in. With `keeps_states`, `states` has the objects as they stood at
    each event, sent or not.
    """

    def __init__(
        self,
        tag: str,
        versions: Sequence[str],
        account: str | None,
        livemode: bool,
        start: int,
        *,
        keeps_states: bool = False,
    ) -> None:
        self.time = start
        self.rng = Random(f"world/{tag}")
        self.ids = Ids(self.rng, self._clock)
        self._envelope_rng = Random(f"envelope/{tag}")
        self._event_ids = Ids(self._envelope_rng, self._clock)
        self._version_rng = Random(f"version/{tag}")
        self._versions = tuple(versions)
        request_version = Random(f"requests/{tag}").choice(self._versions)
        self.releases_are_refunds = request_version < RELEASES_UNTIL
        self._before: dict[str, WorldObject] = {}
        self._request = self._new_request()
        self.account = account
        self.livemode = livemode
        self.is_organisation = False
        self.events: list[Json] = []
        self.event_facts: list[EventFacts] = []
        self.movements: list[Movement] = []
        self.conversion: Conversion | None = None
        self._keeps_states = keeps_states
        self.states: list[State] = []

    def wait(self, seconds: int = 0, *, minutes: int = 0, hours: int = 0, days: int = 0) -> int:
        """Advance the clock and begin a new API request; return the new time in Unix seconds."""
        self.time += seconds + 60 * minutes + 3_600 * hours + 86_400 * days
        self._before.clear()
        self._request = self._new_request()
        return self.time

    def change(self, world_object: WorldObject, **values: Any) -> None:
        """Set fields of an object, and remember its state before for `previous_attributes`.

        Raises AttributeError for a field that the object does not have.
        """
        names = {field.name for field in fields(world_object)}
        if unknown := values.keys() - names:
            raise AttributeError(f"{type(world_object).__name__} has no {sorted(unknown)}")
        self._before[world_object.id] = copy.copy(world_object)
        for name, value in values.items():
            setattr(world_object, name, value)

    def emit(self, world_object: WorldObject, *types: str, is_sent: bool = True) -> None:
        """Emit an event of each type, with the object's current state.

        Random values are drawn even if it is not sent, so that the other events stay the same.
        """
        for event_type in types:
            # A release that is no refund is nothing that could be listed.
            is_nothing = (
                isinstance(world_object, Refund) and world_object.is_release and not is_sent
            )
            if self._keeps_states and not is_nothing:
                self.states += states_of(
                    world_object, event_type, self.time, self.account, self.livemode
                )
            self._emit(world_object, event_type, is_sent)

    def _emit(self, world_object: WorldObject, event_type: str, is_sent: bool) -> None:
        is_payment = isinstance(world_object, PaymentIntent | Charge | Refund | Dispute)
        event_id = self._event_ids.event(is_payment=is_payment)
        pending = self._envelope_rng.randint(1, 3)
        api = api_version(self._version_rng.choice(self._versions))
        if not is_sent or not api.has_type(event_type):
            return
        account = self.account
        if isinstance(world_object, Application) and account is None:
            raise ValueError("an application's event is always a connected account's")
        data: Json = {"object": render(world_object, api, self.livemode, event_type)}
        before = self._before.get(world_object.id)
        if isinstance(world_object, Plan) and isinstance(before, Price):
            before = Plan(before)
        if before is not None and _has_previous_attributes(event_type):
            old = render(before, api, self.livemode, event_type)
            data["previous_attributes"] = previous_attributes(old, data["object"])
        event: Json = {
            "id": event_id,
            "object": "event",
            "api_version": api.name,
            "created": self.time,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": pending,
            "request": dict(self._request),
            "type": event_type,
        }
        if account is not None:
            event["context" if self.is_organisation else "account"] = account
        self.events.append(event)
        facts = facts_of(world_object, api, event_type)
        self.event_facts.append(
            EventFacts(event_id, event_type, self.time, account, self.livemode, facts)
        )

    def person(self) -> Person:
        """Return a new customer."""
        return people.person(self.rng, self.ids)

    def account_holder(self) -> Person:
        """Return a new customer who is a v2 Account: since 2025-12-15 both ids are told."""
        return replace(self.person(), account=self.ids.new("acct"))

    def method(self, kind: str = "card") -> Method:
        """Return a new payment method."""
        return people.method(self.rng, self.ids, kind)

    def price(self) -> int:
        """Return a random price, in the currency's minor unit."""
        return self.rng.randrange(12, 400) * 50

    def _clock(self) -> int:
        return self.time

    def _new_request(self) -> Json:
        if self._envelope_rng.random() < 0.3:
            return {"id": None, "idempotency_key": None}
        request_id = f"req_{self._event_ids.text(14)}"
        return {"id": request_id, "idempotency_key": self._event_ids.key()}


def previous_attributes(old: Json, new: Json) -> Json:
    """Return what an event's `previous_attributes` shows: the old values of changed fields.

    Of a hash only the changed keys are shown, a list is shown whole.
    """
    changed: Json = {}
    for name, old_value in old.items():
        new_value = new.get(name)
        if old_value == new_value:
            continue
        is_hash = isinstance(old_value, dict) and old_value.get("object") != "list"
        if is_hash and isinstance(new_value, dict):
            changed[name] = previous_attributes(old_value, new_value)
        else:
            changed[name] = old_value
    return changed


def _has_previous_attributes(event_type: str) -> bool:
    return event_type.endswith(".updated") or event_type in _WITH_PREVIOUS_ATTRIBUTES
