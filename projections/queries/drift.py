"""Drift: where the stored state of an object is not what Stripe answered when it was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from ledger import SNAPSHOT, VOLATILE, RecordedEvent, Snapshot
from projections.objects.attributes import decode
from projections.objects.declaration import Read, StripeObject
from projections.objects.decode import generic
from projections.objects.deletion import DELETED
from projections.objects.observation import Key, Scope
from projections.objects.state import State, fold
from projections.rows.family import Family
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog
from projections.tables.live import live_rows

__all__ = ["EVERYTHING", "Drift", "drifts", "keys_of_sample", "state_drift"]

# Stands for the field of an object that one side does not have at all.
EVERYTHING = "object"


@dataclass(frozen=True, slots=True)
class Drift:
    """A field in which our state of an object is not Stripe's answer.

    ``event`` is the newest event, or record, of the object that we have. The field ``object``: one
    side does not have it at all.
    """

    kind: str
    object: str
    id: str
    account: str | None
    livemode: bool
    field: str
    stored: Any
    answered: Any
    event: str | None


@dataclass(frozen=True, slots=True)
class _Home:
    """The kind whose store has an object's states, and which of its reads are stored there."""

    kind: Kind
    declared: StripeObject
    reads: Collection[str] | None


def drifts(
    catalog: Catalog, families: Sequence[Family], snapshots: Sequence[Snapshot]
) -> list[list[Drift]]:
    """Where the live states differ from each of some answers; raises ``NotReady``."""
    documents = [decode(snapshot.object) for snapshot in snapshots]
    keys = [
        Scope(snapshot.account, snapshot.livemode).key(document["object"], document["id"])
        for snapshot, document in zip(snapshots, documents, strict=True)
    ]
    states = _live_states(catalog, families, keys)
    return [
        list(
            _of_answer(
                _home(families, key.object),
                key,
                states.get(key),
                snapshot,
                is_deleted=document.get("deleted") is True,
            )
        )
        for key, snapshot, document in zip(keys, snapshots, documents, strict=True)
    ]


def state_drift(
    stored: State | None,
    answered: State,
    declared: StripeObject,
    reads: Collection[str] | None = None,
) -> Iterator[tuple[str, Any, Any]]:
    """Each field in which two states of an object differ, with our value and answered.

    Compared is what their answer says: what it does not have, another API version may have. Of
    links and of lists that are merged by id we may know more. Left out are times that events set
    once, and what differs from answer to answer. ``reads`` are those that our state keeps.
    """
    if stored is None or not stored.is_known:
        yield EVERYTHING, None, answered.id
        return
    for read in declared.all_reads:
        if read.name not in answered.values or _is_volatile(read):
            continue
        if reads is not None and read.name not in reads:
            continue
        left, right = stored.values.get(read.name), answered.values[read.name]
        if left != right:
            yield read.name, left, right
    for to, ids in answered.links.items():
        if missing := [id for id in ids if id not in stored.links.get(to, ())]:
            yield to, stored.links.get(to) or None, missing
    for name, items in answered.merged.items() if reads is None else ():
        known = stored.merged.get(name, {})
        for id, item in items.items():
            if known.get(id) != item:
                yield f"{name} {id}", known.get(id), item


def keys_of_sample(
    catalog: Catalog, families: Sequence[Family], name: str, count: int, *, livemode: bool
) -> list[tuple[str, str | None]]:
    """Ids of some objects of a name that are known, seen or only linked to, with their accounts."""
    with live_rows(catalog, _home(families, name).kind) as live:
        objects = live.objects.c
        query = select(objects.id, objects.account)
        query = query.where(objects.object == name, objects.livemode.is_(livemode))
        query = query.order_by(func.random()).limit(count)
        return [(id, account or None) for id, account in live.connection.execute(query)]


def _of_answer(
    home: _Home, key: Key, stored: State | None, snapshot: Snapshot, *, is_deleted: bool
) -> Iterator[Drift]:
    event = None if stored is None or stored.snapshot is None else stored.snapshot[2]
    fields: Iterable[tuple[str, Any, Any]] = ()
    if is_deleted:
        # Of one that was never seen nothing else was expected.
        if event is not None and stored is not None and stored.values.get("status") != DELETED:
            fields = [(EVERYTHING, key.id, None)]
    elif (answered := _state_of(key, snapshot, home.declared)) is not None:
        fields = state_drift(stored, answered, home.declared, home.reads)
    for field, left, right in fields:
        yield Drift(home.kind.name, key.object, key.id, *key.scope, field, left, right, event)


def _state_of(key: Key, snapshot: Snapshot, declared: StripeObject) -> State | None:
    """The state that an answer alone gives; None where the answer is not about the object."""
    entry = RecordedEvent(
        1, snapshot.id, key.id, SNAPSHOT, snapshot.account, snapshot.livemode,
        snapshot.api_version, snapshot.observed_at, 0, "api", b"", snapshot.body, 0,
    )  # fmt: skip
    observed = [each for each in generic(entry, {declared.name: declared}) if each.key == key]
    return fold(observed[:1], declared) if observed else None


def _live_states(
    catalog: Catalog, families: Sequence[Family], keys: Sequence[Key]
) -> dict[Key, State]:
    by_kind: dict[str, list[Key]] = defaultdict(list)
    homes: dict[str, Kind] = {}
    for key in keys:
        kind = _home(families, key.object).kind
        homes[kind.name] = kind
        by_kind[kind.name].append(key)
    states: dict[Key, State] = {}
    for name, its in by_kind.items():
        wanted = set(its)
        with live_rows(catalog, homes[name]) as live:
            for components in live.components_of_ids({key.id for key in its}).values():
                states |= {
                    state.key: state
                    for component in components
                    for state in component.states
                    if state.key in wanted
                }
    return states


def _home(families: Sequence[Family], name: str) -> _Home:
    for family in families:
        for kind in family.kinds:
            if name in kind.member_names:
                return _Home(kind, kind.objects[name], None)
    for family in families:
        if name in family.referenced_reads:
            return _Home(family.kinds[0], family.objects[name], family.referenced_reads[name])
    raise KeyError(name)


def _is_volatile(read: Read) -> bool:
    return any(path.rpartition(".")[2] in VOLATILE for path in read.paths)
