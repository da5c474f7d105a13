"""Observations: what one event of the log says of one Stripe object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger.identity import stream_id
from projections.objects.attributes import attributes

__all__ = ["Attributes", "Key", "Observation", "Scope", "decode", "snapshot_of"]

Attributes = Mapping[str, Any]


class Scope(NamedTuple):
    """The account and mode of an object: nothing of two scopes ever mixes."""

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


class Observation(msgspec.Struct, eq=False, gc=False):
    """One snapshot of one object, and the event that carried it.

    ``embedded``: the snapshot was inside another object's. ``values``, ``links`` and ``merged``
    (items of merged lists by id) are what the declaration reads; ``progress`` and
    ``tie_breakers`` are its measures. ``error`` is set where a value did not fit its type: then
    only the links count.
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
    merged: dict[str, dict[str, Any]]
    progress: tuple[int, ...]
    tie_breakers: tuple[int, ...]
    error: str | None = None
    images: tuple[Attributes, Attributes] | None = None

    @property
    def type_word(self) -> str:
        """The last word of the event's type, by which it is ranked."""
        return self.type.rpartition(".")[2]

    @property
    def after(self) -> Attributes:
        """The snapshot's top-level attributes; nested values are placeholders, or left out."""
        return self._both()[0]

    @property
    def before(self) -> Attributes:
        """The same before the event, as far as it says."""
        return self._both()[1]

    def _both(self) -> tuple[Attributes, Attributes]:
        if self.images is None:
            self.images = (None if self.embedded else attributes(self.body)) or _images(self)
        return self.images


def _images(observation: Observation) -> tuple[Attributes, Attributes]:
    snapshot = snapshot_of(observation)
    previous = {}
    if not observation.embedded:
        previous = decode(observation.body)["data"].get("previous_attributes")
    overlaid = {**snapshot, **previous} if isinstance(previous, dict) else snapshot
    return _scalars(snapshot), _scalars(overlaid)


def decode(body: bytes) -> dict[str, Any]:
    """A stored event; the standard library reads what msgspec refuses (a lone surrogate)."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        document = json.loads(body)
    return document if isinstance(document, dict) else {}


def snapshot_of(observation: Observation) -> Attributes:
    """The Stripe object that was observed, as it is in the event's body."""
    data = decode(observation.body)["data"]
    if not observation.embedded:
        snapshot: Attributes = data["object"]
        return snapshot
    return next(_search(data["object"], observation.key))


def _search(node: Any, key: Key) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("id") == key.id and node.get("object", key.object) == key.object:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _search(item, key)


def _scalars(snapshot: Mapping[str, Any]) -> Attributes:
    return {name: value for name, value in snapshot.items() if not isinstance(value, dict | list)}
