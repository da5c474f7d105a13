"""Decoding an event: its snapshot, and those embedded in it, become observations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ledger import SNAPSHOT, RecordedEvent
from projections.errors import Unreadable
from projections.objects.attributes import decode
from projections.objects.compiled import CompiledReader, peek
from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.observation import Key, Observation, Scope
from projections.objects.paths import walk
from projections.objects.types import ABSENT, Type, coerce, is_id

__all__ = ["generic", "is_thin", "object_name", "observations", "once_each", "read_all", "reader"]

_THIN = b"v2.core.event"


def observations(event: RecordedEvent, objects: Mapping[str, StripeObject]) -> list[Observation]:
    """All that an event says of any of ``objects``: its own object first, then embedded ones."""
    return reader(objects)(event)


def reader(
    objects: Mapping[str, StripeObject],
) -> Callable[[RecordedEvent], list[Observation]]:
    """The function that reads many events as ``observations`` does."""
    return _reader(tuple(objects.values()))


@lru_cache(maxsize=64)
def _reader(
    objects: tuple[StripeObject, ...],
) -> Callable[[RecordedEvent], list[Observation]]:
    by_name = {stripe_object.name: stripe_object for stripe_object in objects}
    compiled = CompiledReader(by_name).observations

    def read(event: RecordedEvent) -> list[Observation]:
        # A quarantined body may be anything at all.
        if event.is_quarantined:
            return []
        observed = compiled(event)
        if observed is None:
            observed = list(generic(event, by_name))
        return observed if len(observed) < 2 else once_each(observed)

    return read


def is_thin(event: RecordedEvent) -> bool:
    """Whether an event carries no snapshot, only the address of one."""
    if event.is_quarantined or _THIN not in event.body:
        return False
    return decode(event.body).get("object") == _THIN.decode()


def object_name(event: RecordedEvent) -> str:
    """The name of the object that an event is about; empty where none can be read."""
    try:
        peeked = peek(event.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return (peeked.data and peeked.data.object and peeked.data.object.object) or ""


def once_each(observed: Iterable[Observation]) -> list[Observation]:
    """One observation per object: the event's own before embedded ones, the first item first."""
    first: dict[Key, Observation] = {}
    for observation in observed:
        own = first.setdefault(observation.key, observation)
        # A second copy adds only links: the objects it carries have to be found by them again.
        if own is not observation:
            for to, ids in observation.links.items():
                known = own.links.setdefault(to, [])
                known += [id for id in ids if id not in known]
    return list(first.values())


def generic(event: RecordedEvent, objects: Mapping[str, StripeObject]) -> Iterator[Observation]:
    """The observations of an event, read step by step; an object it holds twice comes twice."""
    document = decode(event.body)
    data = document.get("data")
    expected = SNAPSHOT if event.is_snapshot else "event"
    if document.get("object") != expected or not isinstance(data, dict):
        return
    snapshot = data.get("object")
    if isinstance(snapshot, dict):
        if event.is_snapshot and document.get("payout") and not snapshot.get("payout"):
            # Only the list that was asked for names the payout.
            snapshot = {**snapshot, "payout": document["payout"]}
        scope = Scope(event.account, bool(event.livemode))
        yield from _observe(event, scope, snapshot, objects)


def _observe(
    event: RecordedEvent,
    scope: Scope,
    snapshot: Mapping[str, Any],
    objects: Mapping[str, StripeObject],
    *,
    expected: str | None = None,
) -> Iterator[Observation]:
    name, id = snapshot.get("object", expected), snapshot.get("id")
    declared = objects.get(name) if isinstance(name, str) else None
    if declared is None or not is_id(id) or event.type in declared.ignored_types:
        return
    if expected is not None and name != expected:
        return
    observation = Observation(
        scope.key(declared.name, id), event.event_id, event.type, event.api_version,
        event.created, event.position, expected is not None, event.body, {}, {}, {},
        tuple(measure.of(snapshot) for measure in declared.progress),
        tuple(measure.of(snapshot) for measure in declared.tie_breakers),
    )  # fmt: skip
    _read(observation, snapshot, declared)
    yield observation
    for embed in declared.embeds:
        for item in _items(snapshot, embed.path):
            yield from _observe(event, scope, item, objects, expected=embed.object)


def _read(observation: Observation, snapshot: Mapping[str, Any], declared: StripeObject) -> None:
    linked = {link.to: _linked(observation, snapshot, link) for link in declared.links}
    observation.links = {to: ids for to, ids in linked.items() if ids}
    try:
        observation.values = read_all(snapshot, declared.all_reads)
        for name, merged_list in declared.merged_lists.items():
            items = _items(snapshot, merged_list.path)
            observation.merged[name] = _by_id(items, name, merged_list.reads)
    except Unreadable as unreadable:
        observation.values, observation.merged = {}, {}
        observation.error = str(unreadable)
        return
    if declared.from_event_type is not None and not observation.embedded:
        declared.from_event_type(observation.values, observation.type, observation.created)


def read_all(snapshot: Mapping[str, Any], reads: tuple[Read, ...]) -> dict[str, Any]:
    """The values of the reads in a snapshot, by name; raises ``Unreadable`` for a wrong type."""
    values: dict[str, Any] = {}
    for read in reads:
        value = read.find(snapshot)
        if read.fallback is not None and (value is ABSENT or value is None):
            value = read.fallback(snapshot)
        elif read.convert is not None and value is not ABSENT and value is not None:
            value = read.convert(value)
        if value is not ABSENT:
            value = coerce(read.type, value, read.name)
            values[read.name] = _each_item(value, read) if read.items and value else value
    return values


def _each_item(items: list[Any], read: Read) -> list[dict[str, Any]]:
    assert read.items is not None
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable(f"{read.name}: expected a list of objects")
    blank = dict.fromkeys(inner.name for inner in read.items)
    return [{**blank, **read_all(item, read.items)} for item in items]


def _linked(observation: Observation, snapshot: Mapping[str, Any], link: Link) -> list[str]:
    if link.envelope:
        account = observation.key.scope.account
        return [] if account is None else [account]
    return _ids(snapshot, link.paths, link.prefix)


def _ids(
    snapshot: Mapping[str, Any], paths: tuple[str, ...], prefix: str | tuple[str, ...]
) -> list[str]:
    """The ids at some paths, whatever else is wrong with the snapshot: links only locate."""
    ids: list[str] = []
    for path in paths:
        try:
            value = walk(snapshot, path)
        except Unreadable:
            continue
        for item in value if isinstance(value, list) else [value]:
            id = item.get("id") if isinstance(item, dict) else item
            if is_id(id) and id.startswith(prefix) and id not in ids:
                ids.append(id)
    return ids


def _items(snapshot: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    try:
        items = walk(snapshot, path)
    except Unreadable:
        return []
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _by_id(items: list[dict[str, Any]], name: str, reads: tuple[Read, ...]) -> dict[str, Any]:
    by_id = {}
    for item in items:
        id = coerce(Type.ID, item.get("id"), f"{name}.id")
        if id is not None:
            by_id[id] = read_all(item, reads)
    return by_id
