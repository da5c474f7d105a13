"""Sightings: what one event of the log tells of one Stripe object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from ledger.identity import stream_id
from projections.scalars import scalars

__all__ = ["Key", "Scalars", "Scope", "Sighting", "Told", "decode", "snapshot_of"]

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


class Sighting(msgspec.Struct, eq=False, gc=False):
    """One snapshot of one object, and the event that carried it.

    ``embedded``: the snapshot stood inside another object's. ``evidence`` is what of a snapshot
    only grows (transitions reached, the amount that came in, paid or not); ``ranks`` are its
    counters of refunds and attempts. ``error`` is set where a value did not fit; such a sighting
    tells links, and nothing else.
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
    evidence: tuple[int, int, int]
    ranks: tuple[int, int]
    error: str | None = None
    images: tuple[Scalars, Scalars] | None = None

    @property
    def carrier(self) -> str:
        """The last word of the event's type, by which it ranks."""
        return self.type.rpartition(".")[2]

    @property
    def after(self) -> Scalars:
        """The scalars on the snapshot's top level; what is nested is hollow there, or left out."""
        return self._both()[0]

    @property
    def before(self) -> Scalars:
        """The same as they were before the event, as far as it tells."""
        return self._both()[1]

    def _both(self) -> tuple[Scalars, Scalars]:
        if self.images is None:
            self.images = (None if self.embedded else scalars(self.body)) or _images(self)
        return self.images


def _images(sighting: Sighting) -> tuple[Scalars, Scalars]:
    snapshot = snapshot_of(sighting)
    previous = {} if sighting.embedded else decode(sighting.body)["data"].get(_PREVIOUS)
    overlaid = {**snapshot, **previous} if isinstance(previous, dict) else snapshot
    return _scalars(snapshot), _scalars(overlaid)


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
