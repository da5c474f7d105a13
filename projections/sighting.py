"""Sightings: what one event of the log tells of one Stripe object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from ledger.identity import stream_id

__all__ = ["Evidence", "Key", "Scalars", "Scope", "Sighting", "Told", "decode", "snapshot_of"]

Scalars = Mapping[str, Any]


_PREVIOUS = "previous_attributes"


class Told(Protocol):
    """What is asked of an event of the log."""

    @property
    def position(self) -> int: ...
    @property
    def event_id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def created(self) -> int: ...
    @property
    def account(self) -> str | None: ...
    @property
    def livemode(self) -> bool | None: ...
    @property
    def body(self) -> bytes: ...
    @property
    def is_quarantined(self) -> bool: ...


class Scope(NamedTuple):
    """Whose object it is: nothing of two accounts or modes ever mixes."""

    account: str | None
    livemode: bool

    def key(self, object: str, id: str) -> Key:
        """An object's key in this scope."""
        return Key(self, object, id)


class Key(NamedTuple):
    """Which Stripe object: its scope, name and id."""

    scope: Scope
    object: str
    id: str

    @property
    def uuid(self) -> UUID:
        """The object's stream in the log."""
        return stream_id(self.scope.account, self.scope.livemode, self.object, self.id)


class Evidence(NamedTuple):
    """What of a snapshot only grows: transitions reached, the amount that came in, paid or not."""

    reached: int = 0
    amount: int = 0
    paid: int = 0


@dataclass(slots=True)
class Sighting:
    """One snapshot of one object, and the event that carried it.

    ``embedded``: the snapshot stood inside another object's. ``ranks`` are its counters of
    refunds and attempts. ``error`` is set where a value did not fit; such a sighting tells links,
    and nothing else.
    """

    key: Key
    event_id: str
    type: str
    created: int
    position: int
    embedded: bool
    body: bytes
    values: dict[str, Any]
    links: dict[str, list[str]]
    united: dict[str, dict[str, Any]]
    evidence: Evidence
    ranks: tuple[int, int]
    error: str | None = None
    _images: tuple[Scalars, Scalars] | None = None

    @property
    def carrier(self) -> str:
        """The last word of the event's type, by which it ranks."""
        return self.type.rpartition(".")[2]

    @property
    def after(self) -> Scalars:
        """The scalars on the snapshot's top level."""
        return self._both()[0]

    @property
    def before(self) -> Scalars:
        """The same as they were before the event, as far as it tells."""
        return self._both()[1]

    def _both(self) -> tuple[Scalars, Scalars]:
        if self._images is None:
            snapshot = snapshot_of(self)
            previous = {} if self.embedded else decode(self.body)["data"].get(_PREVIOUS)
            overlaid = {**snapshot, **previous} if isinstance(previous, dict) else snapshot
            self._images = _scalars(snapshot), _scalars(overlaid)
        return self._images


def decode(body: bytes) -> dict[str, Any]:
    """A stored event; what msgspec refuses (a lone surrogate) the standard library reads."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        document = json.loads(body)
    return document if isinstance(document, dict) else {}


def snapshot_of(sighting: Sighting) -> Scalars:
    """The Stripe object that was seen, as it stood in its event."""
    data = decode(sighting.body)["data"]
    if not sighting.embedded:
        found: Scalars = data["object"]
        return found
    return next(_search(data["object"], sighting.key))


def _search(node: Any, key: Key) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("id") == key.id and node.get("object", key.object) == key.object:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _search(item, key)


def _scalars(snapshot: Mapping[str, Any]) -> Scalars:
    return {name: value for name, value in snapshot.items() if not isinstance(value, dict | list)}
