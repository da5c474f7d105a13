"""The fast reader: a body decoded into the declared paths alone, and read by compiled lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger import RecordedEvent
from projections.errors import Unreadable
from projections.objects.compiled.shape import tree
from projections.objects.compiled.source import Source
from projections.objects.declaration import StripeObject
from projections.objects.observation import Observation, Scope

__all__ = ["CompiledReader"]

# Types of events are Stripe's and few; an import may hold anybody's.
_LEARNED_MAX = 1000


class _Name(msgspec.Struct, gc=False):
    object: str | None = None


class _Data(msgspec.Struct, gc=False):
    object: _Name | None = None


class _Event(msgspec.Struct, gc=False):
    object: str | None = None
    data: _Data | None = None


# A list of objects is refused for an integer beyond 64 bits anywhere in it: 19 digits or more.
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 19

_peek = msgspec.json.Decoder(_Event).decode


@dataclass(frozen=True, slots=True)
class _Reading:
    """How events of one Stripe object are decoded, and what they tell is worked out."""

    name: str
    decode: Callable[[bytes], Any]
    tell: Callable[[Any, RecordedEvent, Scope, list[Observation]], None]
    lists_objects: bool


class CompiledReader:
    """Tells what the generic reading would of bodies that hold nothing odd."""

    def __init__(self, things: Mapping[str, StripeObject]) -> None:
        self._readings = {name: _reading(thing, things) for name, thing in things.items()}
        # Which object events of a type are about: it has been the same since Stripe began.
        self._learned: dict[str, _Reading] = {}

    def observations(self, event: RecordedEvent) -> list[Observation] | None:
        """What an event tells, its own object first; None: the generic reading has to say.

        Not yet merged: an object that the snapshot holds twice is told twice. The body is one
        that the log took as an event: UTF-8, and nested no deeper than it allows.
        """
        body = event.body
        # What the rows cannot hold is mended the generic way.
        if b"\\" in body and b"\\u0000" in body:
            return None
        try:
            reading = self._learned.get(event.type)
            if reading is None:
                reading = self._peeked(event.type, body)
                if reading is None:
                    return []
            envelope = reading.decode(body)
            data = envelope.data
            if envelope.object != "event" or data is None or data.object is None:
                return []
            if data.object.object != reading.name:
                # Another object than the last event of this type was about.
                self._learned.pop(event.type, None)
                return self.observations(event)
            if reading.lists_objects and _LONG in body.translate(_DIGITS):
                return None
            told: list[Observation] = []
            reading.tell(data.object, event, Scope(event.account, bool(event.livemode)), told)
        except (msgspec.DecodeError, UnicodeDecodeError, Unreadable):
            return None
        return told

    def _peeked(self, type: str, body: bytes) -> _Reading | None:
        event = _peek(body)
        if event.object != "event" or event.data is None or event.data.object is None:
            return None
        reading = self._readings.get(event.data.object.object or "")
        if reading is not None and len(self._learned) < _LEARNED_MAX:
            self._learned[type] = reading
        return reading


def _reading(thing: StripeObject, things: Mapping[str, StripeObject]) -> _Reading:
    node = tree(thing, things)
    node.build(thing.name)
    assert node.struct is not None
    data = msgspec.defstruct("Data", [("object", node.struct | None, None)], gc=False)
    event = msgspec.defstruct(
        "Event", [("object", str | None, None), ("data", data | None, None)], gc=False
    )
    script = Source()
    tell = script.tell(thing, node, things)
    return _Reading(
        thing.name, msgspec.json.Decoder(event).decode, script.function(tell), script.lists_objects
    )
