"""The fast decoder: a body is decoded into the declared paths alone, and read by generated code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger import SNAPSHOT, RecordedEvent
from projections.errors import Unreadable
from projections.objects.compiled.shape import tree
from projections.objects.compiled.source import Source
from projections.objects.declaration import StripeObject
from projections.objects.observation import Observation, Scope
from projections.objects.types import DIGITS, LONG

__all__ = ["CompiledReader", "peek"]

_WITH_SNAPSHOT = ("event", SNAPSHOT)

# Stripe's event types are few; an import may hold anybody's.
_REMEMBERED_MAX = 1000


class _Name(msgspec.Struct, gc=False):
    object: str | None = None


class _Data(msgspec.Struct, gc=False):
    object: _Name | None = None


class _Event(msgspec.Struct, gc=False):
    object: str | None = None
    data: _Data | None = None


# What an event is about, and no more.
peek = msgspec.json.Decoder(_Event).decode


@dataclass(frozen=True, slots=True)
class _ObjectReader:
    """How events of one Stripe object are decoded and read."""

    name: str
    decode: Callable[[bytes], Any]
    observe: Callable[[Any, RecordedEvent, Scope, list[Observation]], None]
    lists_objects: bool


class CompiledReader:
    """Reads what the generic decoder would, of bodies that hold nothing odd."""

    def __init__(self, objects: Mapping[str, StripeObject]) -> None:
        self._readers = {
            name: _object_reader(declared, objects) for name, declared in objects.items()
        }
        # Which object events of a type are about has never changed at Stripe.
        self._by_type: dict[str, _ObjectReader] = {}

    def observations(self, event: RecordedEvent) -> list[Observation] | None:
        """The observations of an event, its own object's first; None: use the generic decoder.

        Not yet merged: an object that the snapshot holds twice comes twice. The log takes as an
        event only UTF-8 of limited depth, so that is not checked again.
        """
        body = event.body
        # Characters that rows cannot hold are replaced by the generic decoder.
        if b"\\" in body and b"\\u0000" in body:
            return None
        try:
            reader = self._by_type.get(event.type)
            if reader is None:
                reader = self._peek(event.type, body)
                if reader is None:
                    return []
            envelope = reader.decode(body)
            data = envelope.data
            expected = SNAPSHOT if event.is_snapshot else "event"
            if envelope.object != expected or data is None or data.object is None:
                return []
            if event.is_snapshot and envelope.payout:
                # Rare: it is put into the snapshot.
                return None
            if data.object.object != reader.name:
                # Another object than the last event of this type was about.
                self._by_type.pop(event.type, None)
                return self.observations(event)
            # A list of objects is refused for an integer beyond 64 bits anywhere in it.
            if reader.lists_objects and LONG in body.translate(DIGITS):
                return None
            observations: list[Observation] = []
            scope = Scope(event.account, bool(event.livemode))
            reader.observe(data.object, event, scope, observations)
        except (msgspec.DecodeError, UnicodeDecodeError, Unreadable):
            return None
        return observations

    def _peek(self, type: str, body: bytes) -> _ObjectReader | None:
        event = peek(body)
        if event.object not in _WITH_SNAPSHOT or event.data is None or event.data.object is None:
            return None
        reader = self._readers.get(event.data.object.object or "")
        # Records are about all objects in turn.
        is_remembered = type != SNAPSHOT and len(self._by_type) < _REMEMBERED_MAX
        if reader is not None and is_remembered:
            self._by_type[type] = reader
        return reader


def _object_reader(declared: StripeObject, objects: Mapping[str, StripeObject]) -> _ObjectReader:
    node = tree(declared, objects)
    node.build(declared.name)
    assert node.struct is not None
    data = msgspec.defstruct("Data", [("object", node.struct | None, None)], gc=False)
    event = msgspec.defstruct(
        "Event",
        [("object", str | None, None), ("data", data | None, None), ("payout", Any, None)],
        gc=False,
    )
    source = Source()
    name = source.observe(declared, node, objects)
    return _ObjectReader(
        declared.name,
        msgspec.json.Decoder(event).decode,
        source.function(name),
        source.lists_objects,
    )
