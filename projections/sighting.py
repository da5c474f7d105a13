"""Sightings: what one event of the log tells of one Stripe object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from uuid import UUID

import msgspec

from ledger import Entry
from ledger.identity import stream_id
from projections.declare import Link, Read, StripeObject
from projections.errors import Unreadable
from projections.paths import walk
from projections.values import UNTOLD, Type, coerce

__all__ = ["Key", "Scope", "Sighting", "decode", "read_all", "sightings"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose object it is: nothing of two accounts or modes ever mixes."""

    account: str | None
    livemode: bool

    def key(self, object: str, id: str) -> Key:
        """An object's key in this scope."""
        return Key(self, object, id)


@dataclass(frozen=True, slots=True)
class Key:
    """Which Stripe object: its scope, name and id."""

    scope: Scope
    object: str
    id: str

    @property
    def uuid(self) -> UUID:
        """The object's stream in the log."""
        return stream_id(self.scope.account, self.scope.livemode, self.object, self.id)


@dataclass(slots=True)
class Sighting:
    """One snapshot of one object, and the event that carried it.

    ``embedded``: the snapshot stood inside another object's. ``error`` is set where a value did
    not fit; such a sighting tells links, and nothing else.
    """

    key: Key
    event_id: str
    type: str
    created: int
    position: int
    embedded: bool
    snapshot: Mapping[str, Any]
    previous: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)
    united: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str | None = None

    @property
    def carrier(self) -> str:
        """The last word of the event's type, by which it ranks."""
        return self.type.rpartition(".")[2]


def sightings(
    entry: Entry, objects: Mapping[str, StripeObject], document: dict[str, Any] | None = None
) -> list[Sighting]:
    """All that an event tells of any of ``objects``: of its own object first, then embedded.

    ``document`` is the entry's decoded body, where the caller has it already.
    """
    if entry.is_quarantined:
        return []
    if document is None:
        document = decode(entry.body)
    data = document.get("data")
    if document.get("object") != "event" or not isinstance(data, dict):
        return []
    snapshot = data.get("object")
    if not isinstance(snapshot, dict):
        return []
    previous = data.get("previous_attributes")
    told = _tell(
        entry,
        Scope(entry.account, bool(entry.livemode)),
        snapshot,
        previous if isinstance(previous, dict) else {},
        objects,
    )
    # One event tells of one object once: as its own before as embedded, and the first item first.
    first: dict[Key, Sighting] = {}
    for sighting in told:
        kept = first.setdefault(sighting.key, sighting)
        # A second copy tells nothing but links: what it carries has to be found by them again.
        for to, ids in sighting.links.items():
            kept.links[to] += [id for id in ids if id not in kept.links[to]]
    return list(first.values())


def decode(body: bytes) -> dict[str, Any]:
    """A stored event; what msgspec refuses (a lone surrogate) the standard library reads."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        document = json.loads(body)
    return document if isinstance(document, dict) else {}


def _tell(
    entry: Entry,
    scope: Scope,
    snapshot: Mapping[str, Any],
    previous: Mapping[str, Any],
    objects: Mapping[str, StripeObject],
    *,
    embedded: bool = False,
    expected: str | None = None,
) -> Iterator[Sighting]:
    name, id = snapshot.get("object", expected), snapshot.get("id")
    thing = objects.get(name) if isinstance(name, str) else None
    if thing is None or not is_id(id) or entry.type in thing.ignores:
        return
    if expected is not None and name != expected:
        return
    sighting = Sighting(
        scope.key(thing.name, id), entry.event_id, entry.type, entry.created, entry.position,
        embedded, snapshot, previous,
    )  # fmt: skip
    _read(sighting, thing)
    yield sighting
    for embed in thing.embeds:
        for item in _items(snapshot, embed.path):
            yield from _tell(entry, scope, item, {}, objects, embedded=True, expected=embed.object)


def _read(sighting: Sighting, thing: StripeObject) -> None:
    sighting.links = {link.to: _linked(sighting, link) for link in thing.links}
    try:
        sighting.values = read_all(sighting.snapshot, thing.all_reads)
        for name, unite in thing.unites.items():
            items = _items(sighting.snapshot, unite.path)
            sighting.united[name] = _by_id(items, name, unite.reads)
    except Unreadable as unreadable:
        sighting.values, sighting.united = {}, {}
        sighting.error = str(unreadable)
        return
    if thing.adjust is not None and not sighting.embedded:
        thing.adjust(sighting.values, sighting.type, sighting.created)


def read_all(snapshot: Mapping[str, Any], reads: tuple[Read, ...]) -> dict[str, Any]:
    """What the reads find in a snapshot, by name; raises ``Unreadable`` for a wrong type."""
    values: dict[str, Any] = {}
    for item in reads:
        value = item.find(snapshot)
        if item.older is not None and (value is UNTOLD or value is None):
            value = item.older(snapshot)
        elif item.convert is not None and value is not UNTOLD and value is not None:
            value = item.convert(value)
        if value is not UNTOLD:
            value = coerce(item.type, value, item.name)
            values[item.name] = _each_item(value, item) if item.items and value else value
    return values


def _each_item(items: list[Any], of: Read) -> list[dict[str, Any]]:
    assert of.items is not None
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable(f"{of.name}: expected a list of objects")
    blank = dict.fromkeys(read.name for read in of.items)
    return [{**blank, **read_all(item, of.items)} for item in items]


def _linked(sighting: Sighting, link: Link) -> list[str]:
    if link.envelope:
        account = sighting.key.scope.account
        return [] if account is None else [account]
    return _ids(sighting.snapshot, link.paths, link.prefix)


def _ids(snapshot: Mapping[str, Any], paths: tuple[str, ...], prefix: str) -> list[str]:
    """The ids at some paths, whatever else is wrong with the snapshot: links only locate."""
    found: list[str] = []
    for path in paths:
        try:
            value = walk(snapshot, path)
        except Unreadable:
            continue
        for item in value if isinstance(value, list) else [value]:
            id = item.get("id") if isinstance(item, dict) else item
            if is_id(id) and id.startswith(prefix) and id not in found:
                found.append(id)
    return found


def is_id(value: Any) -> TypeGuard[str]:
    """Whether a value can be an object's id: what the log takes as one."""
    return (
        isinstance(value, str) and 0 < len(value) <= 255 and value.isascii() and value.isprintable()
    )


def _items(snapshot: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    try:
        found = walk(snapshot, path)
    except Unreadable:
        return []
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _by_id(items: list[dict[str, Any]], name: str, reads: tuple[Read, ...]) -> dict[str, Any]:
    united = {}
    for item in items:
        id = coerce(Type.ID, item.get("id"), f"{name}.id")
        if id is not None:
            united[id] = read_all(item, reads)
    return united
