"""Where a story happens: its clock, its accidents, and the events it has sent so far."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields
from random import Random
from typing import Any

from api.simulator import people
from api.simulator.facts import Telling, facts
from api.simulator.ids import Ids
from api.simulator.people import Method, Person
from api.simulator.shapes import Json, render
from api.simulator.versions import api_version
from api.simulator.world import Application, Charge, Dispute, PaymentIntent, Refund, WorldObject

_BESIDE_UPDATED = frozenset({"charge.captured", "charge.refunded", "charge.dispute.closed"})
"""The types beside `*.updated` whose events were seen to carry `previous_attributes`."""


class StoryContext:
    """What a story is told with.

    Chance is drawn from two seeded sources, one for the world and one for envelopes, and the
    version of an event from a third: so the same story is told whatever the versions are.
    """

    def __init__(
        self,
        tag: str,
        versions: Sequence[str],
        account: str | None,
        livemode: bool,
        start: int,
    ) -> None:
        self.now = start
        self.rng = Random(f"world/{tag}")
        self.ids = Ids(self.rng, self._clock)
        self._noise = Random(f"envelope/{tag}")
        self._event_ids = Ids(self._noise, self._clock)
        self._choice = Random(f"version/{tag}")
        self._versions = tuple(versions)
        self._before: dict[str, WorldObject] = {}
        self._request = self._new_request()
        self.account = account
        self.livemode = livemode
        self.organisation = False
        self.events: list[Json] = []
        self.tellings: list[Telling] = []

    def wait(self, seconds: int = 0, *, minutes: int = 0, hours: int = 0, days: int = 0) -> int:
        """Lets time go by; what happens next was asked for by another request."""
        self.now += seconds + 60 * minutes + 3_600 * hours + 86_400 * days
        self._before.clear()
        self._request = self._new_request()
        return self.now

    def change(self, thing: WorldObject, **values: Any) -> None:
        """One change of an object: what it was stays known for `previous_attributes`."""
        known = {f.name for f in fields(thing)}
        if unknown := values.keys() - known:
            raise AttributeError(f"{type(thing).__name__} has no {sorted(unknown)}")
        self._before[thing.id] = copy.copy(thing)
        for name, value in values.items():
            setattr(thing, name, value)

    def emit(self, thing: WorldObject, *types: str) -> None:
        """Stripe tells of the object as it is now, once for each type."""
        for event_type in types:
            self._emit(thing, event_type)

    def _emit(self, thing: WorldObject, event_type: str) -> None:
        payment = isinstance(thing, PaymentIntent | Charge | Refund | Dispute)
        event_id = self._event_ids.event(payment=payment)
        pending = self._noise.randint(1, 3)
        api = api_version(self._choice.choice(self._versions))
        if not api.has_type(event_type):
            return
        account = self.account
        if isinstance(thing, Application) and account is None:
            raise ValueError("an application's event is always a connected account's")
        data: Json = {"object": render(thing, api, self.livemode, event_type)}
        before = self._before.get(thing.id)
        if before is not None and _carries_previous(event_type):
            old = render(before, api, self.livemode, event_type)
            data["previous_attributes"] = difference(old, data["object"])
        event: Json = {
            "id": event_id,
            "object": "event",
            "api_version": api.name,
            "created": self.now,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": pending,
            "request": dict(self._request),
            "type": event_type,
        }
        if account is not None:
            event["context" if self.organisation else "account"] = account
        self.events.append(event)
        told = facts(thing, api, event_type)
        self.tellings.append(Telling(event_id, event_type, self.now, account, self.livemode, told))

    def person(self) -> Person:
        """Somebody who was not in the story yet."""
        return people.person(self.rng, self.ids)

    def method(self, kind: str = "card") -> Method:
        """A way to pay that was not in the story yet."""
        return people.method(self.rng, self.ids, kind)

    def price(self) -> int:
        """An amount in a currency's minor unit, as shops ask for."""
        return self.rng.randrange(12, 400) * 50

    def _clock(self) -> int:
        return self.now

    def _new_request(self) -> Json:
        if self._noise.random() < 0.3:
            return {"id": None, "idempotency_key": None}
        number = f"req_{self._event_ids.text(14)}"
        return {"id": number, "idempotency_key": self._event_ids.key()}


def difference(old: Json, new: Json) -> Json:
    """The values that `new` changed, as they were: of a hash only those keys, of a list all."""
    changed: Json = {}
    for name, value in old.items():
        now = new.get(name)
        if value == now:
            continue
        if isinstance(value, dict) and isinstance(now, dict) and value.get("object") != "list":
            changed[name] = difference(value, now)
        else:
            changed[name] = value
    return changed


def _carries_previous(event_type: str) -> bool:
    return event_type.endswith(".updated") or event_type in _BESIDE_UPDATED
