"""Reading an event: its snapshot, and those embedded in it, become observations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ledger import RecordedEvent
from projections.errors import Unreadable
from projections.objects.compiled import CompiledReader
from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.observation import Key, Observation, Scope, decode
from projections.objects.paths import walk
from projections.objects.types import UNTOLD, Type, coerce, is_id

__all__ = ["generic", "is_thin", "observations", "once_each", "read_all", "reader"]


_THIN = b"v2.core.event"


def observations(event: RecordedEvent, things: Mapping[str, StripeObject]) -> list[Observation]:
    """All that an event tells of any of ``things``: of its own object first, then embedded."""
    return reader(things)(event)


def reader(things: Mapping[str, StripeObject]) -> Callable[[RecordedEvent], list[Observation]]:
    """What reads many events as ``observations`` does."""
    return _reader(tuple(things.values()))


@lru_cache(maxsize=64)
def _reader(things: tuple[StripeObject, ...]) -> Callable[[RecordedEvent], list[Observation]]:
    by_name = {thing.name: thing for thing in things}
    typed = CompiledReader(by_name).observations

    def read(event: RecordedEvent) -> list[Observation]:
        # A quarantined body may be anything at all.
        if event.is_quarantined:
            return []
        told = typed(event)
        if told is None:
            told = list(generic(event, by_name))
        return told if len(told) < 2 else once_each(told)

    return read


def is_thin(event: RecordedEvent) -> bool:
    """Whether an event carries no snapshot, only where one can be had."""
    if event.is_quarantined or _THIN not in event.body:
        return False
    return decode(event.body).get("object") == _THIN.decode()


def once_each(told: Iterable[Observation]) -> list[Observation]:
    """One event tells of one object once: as its own before as embedded, the first item first."""
    first: dict[Key, Observation] = {}
    for observation in told:
        kept = first.setdefault(observation.key, observation)
        # A second copy tells nothing but links: what it carries has to be found by them again.
        if kept is not observation:
            for to, ids in observation.links.items():
                told_before = kept.links.setdefault(to, [])
                told_before += [id for id in ids if id not in told_before]
    return list(first.values())


def generic(event: RecordedEvent, objects: Mapping[str, StripeObject]) -> Iterator[Observation]:
    """What an event tells, read step by step; an object that it holds twice is told twice."""
    document = decode(event.body)
    data = document.get("data")
    if document.get("object") != "event" or not isinstance(data, dict):
        return
    snapshot = data.get("object")
    if isinstance(snapshot, dict):
        scope = Scope(event.account, bool(event.livemode))
        yield from _tell(event, scope, snapshot, objects)


def _tell(
    event: RecordedEvent,
    scope: Scope,
    snapshot: Mapping[str, Any],
    objects: Mapping[str, StripeObject],
    *,
    expected: str | None = None,
) -> Iterator[Observation]:
    name, id = snapshot.get("object", expected), snapshot.get("id")
    thing = objects.get(name) if isinstance(name, str) else None
    if thing is None or not is_id(id) or event.type in thing.ignores:
        return
    if expected is not None and name != expected:
        return
    observation = Observation(
        scope.key(thing.name, id), event.event_id, event.type, event.created, event.position,
        expected is not None, event.body, {}, {}, {}, _evidence(snapshot),
        (_number(snapshot, "amount_refunded"), _number(snapshot, "attempt_count")),
    )  # fmt: skip
    _read(observation, snapshot, thing)
    yield observation
    for embed in thing.embeds:
        for item in _items(snapshot, embed.path):
            yield from _tell(event, scope, item, objects, expected=embed.object)


def _read(observation: Observation, snapshot: Mapping[str, Any], thing: StripeObject) -> None:
    linked = {link.to: _linked(observation, snapshot, link) for link in thing.links}
    observation.links = {to: ids for to, ids in linked.items() if ids}
    try:
        observation.values = read_all(snapshot, thing.all_reads)
        for name, unite in thing.merged_lists.items():
            items = _items(snapshot, unite.path)
            observation.united[name] = _by_id(items, name, unite.reads)
    except Unreadable as unreadable:
        observation.values, observation.united = {}, {}
        observation.error = str(unreadable)
        return
    if thing.from_event_type is not None and not observation.embedded:
        thing.from_event_type(observation.values, observation.type, observation.created)


def _evidence(snapshot: Mapping[str, Any]) -> tuple[int, int, int]:
    transitions = snapshot.get("status_transitions")
    reached = (
        sum(value is not None for value in transitions.values())
        if isinstance(transitions, dict)
        else 0
    )
    return reached, _amount(snapshot), int(snapshot.get("payment_status") == "paid")


def _amount(snapshot: Mapping[str, Any]) -> int:
    for name in ("amount_received", "amount_captured", "amount_paid"):
        if type(snapshot.get(name)) is int:
            return int(snapshot[name])
    # Charges before `amount_captured`: captured, or not.
    return _number(snapshot, "amount") if snapshot.get("captured") is True else 0


def _number(snapshot: Mapping[str, Any], name: str) -> int:
    value = snapshot.get(name)
    return value if type(value) is int else 0


def read_all(snapshot: Mapping[str, Any], reads: tuple[Read, ...]) -> dict[str, Any]:
    """What the reads find in a snapshot, by name; raises ``Unreadable`` for a wrong type."""
    values: dict[str, Any] = {}
    for item in reads:
        value = item.find(snapshot)
        if item.fallback is not None and (value is UNTOLD or value is None):
            value = item.fallback(snapshot)
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


def _linked(observation: Observation, snapshot: Mapping[str, Any], link: Link) -> list[str]:
    if link.envelope:
        account = observation.key.scope.account
        return [] if account is None else [account]
    return _ids(snapshot, link.paths, link.prefix)


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
