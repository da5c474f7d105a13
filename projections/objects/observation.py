"""Observations: what one event of the log says of one Stripe object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger.identity import SNAPSHOT_PREFIX, stream_id
from projections.objects.attributes import attributes, decode, previous_attributes
from projections.objects.disagreement import overlay

__all__ = ["Attributes", "Key", "Observation", "Scope", "snapshot_of"]

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
    api_version: str | None
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
    whole_images: tuple[Attributes, Attributes] | None = None

    @property
    def type_word(self) -> str:
        """The last word of the event's type, by which it is ranked."""
        return self.type.rpartition(".")[2]

    @property
    def was_asked_for(self) -> bool:
        """Whether a snapshot record showed it, and no event."""
        return self.event_id.startswith(SNAPSHOT_PREFIX)

    @property
    def is_record(self) -> bool:
        """Whether a snapshot record is about the object itself."""
        return not self.embedded and self.was_asked_for

    @property
    def after(self) -> Attributes:
        """The snapshot's top-level attributes; nested values are placeholders, or left out."""
        return self._both()[0]

    @property
    def before(self) -> Attributes:
        """The same before the event, as far as it says."""
        return self._both()[1]

    @property
    def previous(self) -> Mapping[str, Any]:
        """What the event says of how the object was before it (`previous_attributes`)."""
        return {} if self.embedded else previous_attributes(self.body)

    @property
    def snapshot(self) -> Attributes:
        """The whole snapshot."""
        return self._whole()[0]

    @property
    def whole_before(self) -> Attributes:
        """The whole snapshot before the event, as far as it says."""
        return self._whole()[1]

    def _whole(self) -> tuple[Attributes, Attributes]:
        if self.whole_images is None:
            snapshot = snapshot_of(self)
            previous = self.previous
            self.whole_images = snapshot, overlay(snapshot, previous) if previous else snapshot
        return self.whole_images

    def _both(self) -> tuple[Attributes, Attributes]:
        if self.images is None:
            self.images = (None if self.embedded else attributes(self.body)) or _images(self)
        return self.images


def _images(observation: Observation) -> tuple[Attributes, Attributes]:
    snapshot = snapshot_of(observation)
    return _scalars(snapshot), _scalars({**snapshot, **observation.previous})


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
