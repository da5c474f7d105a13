"""Thin events: the object that each is about is fetched and recorded, and the record names it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import msgspec

from api.stripe.client import StripeApi
from api.stripe.objects import fetch, fetch_at, names
from api.stripe.recording import record_each
from api.stripe.refusals import KeyRefused, NoSuchObject, StripeRefused, StripeUnreachable
from api.stripe.thin_store import ThinStore
from ledger import EventTypes, Ledger, RecordedEvent, Snapshot

__all__ = ["Followed", "ThinFollower"]

# So many events at a time; so few are read whatever their types are.
_EVENTS = 1000


class _Related(msgspec.Struct, frozen=True):
    type: str
    id: str | None = None
    url: str | None = None


class _Thin(msgspec.Struct):
    object: str
    related_object: _Related | None = None


_thin = msgspec.json.Decoder(_Thin)


@dataclass(frozen=True, slots=True)
class _Cause:
    """The newest event about an object, and whether any says that it was deleted."""

    event: RecordedEvent
    object: str
    id: str
    url: str | None
    is_deletion: bool


@dataclass(slots=True)
class Followed:
    """What came of some thin events: objects that were fetched, and of these recorded.

    ``unknown`` counts events about what is not projected, or cannot be fetched.
    """

    events: int = 0
    fetched: int = 0
    recorded: int = 0
    unknown: int = 0
    refused: list[str] = field(default_factory=list)


class ThinFollower:
    """Follows the log by position, for the mode of the key.

    Killed anywhere, it fetches once more what it had not noted as done: what the log shows so
    already is no second record.
    """

    def __init__(self, api: StripeApi, ledger: Ledger, store: ThinStore) -> None:
        self._api, self._ledger, self._store = api, ledger, store
        self._declared = names()

    def follow(self) -> Followed:
        """Go on to the end of the log; raises ``StripeUnreachable`` and ``KeyRefused``.

        What is refused otherwise is left out: `ledger stripe compare` finds what it was.
        """
        followed = Followed()
        livemode = self._api.livemode
        head = self._ledger.log.head().position
        position = self._store.position(livemode=livemode)
        # A log that was restored from a backup may end before it.
        for first, last in self._ranges(min(position, head), head):
            self._follow(self._events(first, last), followed)
            self._store.save(last, livemode=livemode)
        return followed

    def _ranges(self, after: int, upto: int) -> Iterator[tuple[int, int]]:
        if upto - after <= _EVENTS:
            yield from [(after, upto)] if after < upto else []
            return
        yield from self._ledger.log.ranges(after, upto, self._types(), _EVENTS)

    def _types(self) -> EventTypes:
        return EventTypes(self._store.types(), are_rare=True)

    def _events(self, after: int, upto: int) -> list[RecordedEvent]:
        types = None if upto - after <= _EVENTS else self._types()
        return self._ledger.log.scan(after, upto, types)

    def _follow(self, events: Iterable[RecordedEvent], followed: Followed) -> None:
        for cause in self._causes(events, followed):
            try:
                snapshot = self._fetched(cause)
            except (StripeUnreachable, KeyRefused):
                raise
            except StripeRefused as refused:
                followed.refused.append(f"{cause.event.event_id}: {refused}")
                continue
            if snapshot is None:
                followed.unknown += 1
                continue
            followed.fetched += 1
            recorded, unreadable = record_each(self._ledger, [_caused(snapshot, cause.event)])
            followed.recorded += recorded
            followed.refused += [f"{cause.event.event_id}: {reason}" for reason in unreadable]

    def _causes(self, events: Iterable[RecordedEvent], followed: Followed) -> Iterable[_Cause]:
        """What to fetch: each object once, whatever many events are about it."""
        causes: dict[tuple[str | None, str, str], _Cause] = {}
        for event in events:
            related = _related(event)
            # Of early ones the mode is not known: then it is the key's.
            if (
                related is None
                or related.id is None
                or event.livemode not in (None, self._api.livemode)
            ):
                continue
            followed.events += 1
            key = (event.account, related.type, related.id)
            before = causes.pop(key, None)
            is_deletion = event.type.endswith(".deleted")
            is_deletion = is_deletion or (before is not None and before.is_deletion)
            causes[key] = _Cause(event, related.type, related.id, related.url, is_deletion)
        return causes.values()

    def _fetched(self, cause: _Cause) -> Snapshot | None:
        """The object as it stands; None where it is not projected, or cannot be fetched."""
        account = cause.event.account
        declared = self._declared.get(cause.object)
        if declared is None:
            return None
        try:
            if declared.listing is not None:
                return fetch(self._api, declared, cause.id, account)
            # By itself only its own address has it, if any: a capability's is below its account.
            return fetch_at(self._api, cause.url, account) if cause.url else None
        except NoSuchObject as missing:
            if not cause.is_deletion:
                return None
            # As the API shows what is deleted, where it shows it at all.
            document = {"id": cause.id, "object": cause.object, "deleted": True}
            raw = json.dumps(document).encode()
            return Snapshot(raw, missing.observed_at, None, account, self._api.livemode)


def _caused(snapshot: Snapshot, event: RecordedEvent) -> Snapshot:
    # It shows what the event is about: rounded down, its second may be the one before.
    seconds = max(snapshot.observed_at, event.created)
    return replace(snapshot, cause=event.event_id, observed_at=seconds)


def _related(event: RecordedEvent) -> _Related | None:
    """What a thin event is about; None for any other event."""
    if event.is_quarantined or b"v2.core.event" not in event.body:
        return None
    thin = _thin.decode(event.body)
    return thin.related_object if thin.object == "v2.core.event" else None
