"""Reading a verified body: it is a Stripe event or a snapshot record, or else it is quarantined."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from ledger.identity import QUARANTINE_PREFIX, QUARANTINE_STREAM, snapshot_id, stream_id
from ledger.strict_json import BadNumber, DuplicateKey, TooDeep, strict_loads

__all__ = [
    "BODY_BYTES_MAX", "RECEIVED_AT_MAX", "SNAPSHOT", "SOURCES", "TYPE_GRAMMAR", "Delivery", "Event",
    "Fact", "Quarantined", "Reason", "quarantine", "read_delivery",
]  # fmt: skip

_EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,250}", re.ASCII)
_WORDS = r"[a-z0-9_]+(?:\.[a-z0-9_]+)*"
# Thin events name a part of their object in brackets: v2.core.account[requirements].updated
_STEP = rf"[a-z0-9_]+(?:\[{_WORDS}\])?"
# The grammar of an event type; at most 128 characters of it.
TYPE_GRAMMAR = rf"{_STEP}(?:\.{_STEP})*"
_TYPE = re.compile(rf"(?=.{{1,128}}\Z){TYPE_GRAMMAR}", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}", re.ASCII)
_CREATED_MAX = 2**40

# Where deliveries come from; what was fetched from Stripe was not signed, but asked for by TLS.
SOURCES = ("webhook", "import", "api")

# What a snapshot record says it is, and its type.
SNAPSHOT = "ledger.snapshot"

# The largest body that can be configured to be accepted.
BODY_BYTES_MAX = 1 << 26

# The end of 9998, in microseconds since 1970: later ones are no dates in every library.
RECEIVED_AT_MAX = 253_370_764_800_000_000


class Reason(StrEnum):
    """Why a properly signed body is no event; contains nothing that the sender wrote."""

    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    BAD_NUMBER = "bad_number"
    TOO_DEEP = "too_deep"
    NOT_AN_EVENT = "not_an_event"
    BAD_ID = "bad_id"
    BAD_OBJECT_ID = "bad_object_id"
    BAD_ENVELOPE = "bad_envelope"
    WRONG_MODE = "wrong_mode"
    ID_REUSE = "id_reuse"


@dataclass(frozen=True, slots=True)
class Event:
    """The envelope of a Stripe event, snapshot or thin (``created`` in Unix seconds).

    Or of a snapshot record, where ``created`` is the second in which Stripe answered.
    ``account`` is the connected account, or the context of an organisation's event.
    ``fallback_id`` replaces ``object_id`` in the stream's identity where the object has no id.
    """

    id: str
    type: str
    object: str
    object_id: str | None
    fallback_id: str | None
    created: int
    livemode: bool
    account: str | None
    api_version: str | None
    thin: bool

    @property
    def identity(self) -> str:
        """The event's id: a second delivery with the same one is a duplicate."""
        return self.id

    @property
    def originator_id(self) -> UUID:
        """The stream the event goes to."""
        return stream_id(
            self.account, self.livemode, self.object, self.object_id or self.fallback_id
        )


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A signed body that is no event: stored in the same log, in a stream of its own."""

    reason: Reason
    sha256: str

    @property
    def identity(self) -> str:
        """The body's hash: the same bytes again are a duplicate."""
        return f"{QUARANTINE_PREFIX}{self.sha256}"

    @property
    def originator_id(self) -> UUID:
        """The stream of all quarantined bodies."""
        return QUARANTINE_STREAM


Fact = Event | Quarantined


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified body on its way to the log (``received_at`` in microseconds since 1970)."""

    body: bytes
    source: str
    received_at: int
    fact: Fact


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def read_delivery(body: bytes, *, livemode: bool | None = None, source: str = "webhook") -> Fact:
    """Read a verified body as an event, or as quarantined with the reason.

    Never raises, for no signed body may make an append fail. With ``livemode``, an event of the
    other mode is quarantined as ``wrong_mode``. A snapshot record is taken from ``source`` ``api``
    alone: nobody who signs may say what Stripe answered to us.
    """
    try:
        event = _event(_document(body), source)
        if livemode is not None and event.livemode is not livemode:
            raise _Refused(Reason.WRONG_MODE)
    except _Refused as refused:
        return quarantine(body, refused.reason)
    return event


def quarantine(body: bytes, reason: Reason) -> Quarantined:
    """The body as a quarantined delivery."""
    return Quarantined(reason, sha256(body).hexdigest())


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        value = strict_loads(body)
    except DuplicateKey:
        raise _Refused(Reason.DUPLICATE_KEY) from None
    except TooDeep:
        raise _Refused(Reason.TOO_DEEP) from None
    except BadNumber:
        raise _Refused(Reason.BAD_NUMBER) from None
    except ValueError:
        raise _Refused(Reason.NOT_JSON) from None
    if not isinstance(value, dict):
        raise _Refused(Reason.NOT_AN_EVENT)
    return value


def _event(document: Mapping[str, Any], source: str) -> Event:
    kind = document.get("object")
    if kind == "event":
        return _snapshot_event(document)
    if kind == "v2.core.event":
        return _thin_event(document)
    if kind == SNAPSHOT and source == "api":
        return _snapshot_record(document)
    raise _Refused(Reason.NOT_AN_EVENT)


def _snapshot_event(document: Mapping[str, Any]) -> Event:
    return _about(document, *_id_and_type(document), document.get("created"))


def _snapshot_record(document: Mapping[str, Any]) -> Event:
    observed_at, payout = document.get("observed_at"), _optional(document, "payout")
    record = _about(document, str(document.get("id")), SNAPSHOT, observed_at)
    snapshot = document["data"]["object"]
    if record.object_id is None or record.object != snapshot.get("object"):
        raise _Refused(Reason.BAD_OBJECT_ID)
    id = snapshot_id(record.account, record.livemode, record.created, payout, snapshot)
    cause = _optional(document, "cause")
    if record.id != id or (cause is not None and not _EVENT_ID.fullmatch(cause)):
        raise _Refused(Reason.BAD_ID)
    return record


def _about(document: Mapping[str, Any], event_id: str, event_type: str, created: Any) -> Event:
    data = document.get("data")
    snapshot = data.get("object") if isinstance(data, dict) else None
    if type(created) is not int or not 0 <= created <= _CREATED_MAX:
        raise _Refused(Reason.BAD_ENVELOPE)
    if type(document.get("livemode")) is not bool or not isinstance(snapshot, dict):
        raise _Refused(Reason.BAD_ENVELOPE)
    object_id = _object_id(snapshot)
    if object_id is not None and not _is_printable(object_id):
        raise _Refused(Reason.BAD_OBJECT_ID)
    name = snapshot.get("object")
    return Event(
        id=event_id,
        type=event_type,
        # Some old objects do not name themselves; then the type's first word is the name.
        object=str(name) if _is_printable(name) else event_type.partition(".")[0],
        object_id=object_id,
        fallback_id=None if object_id else _fallback_id(snapshot),
        created=created,
        livemode=document["livemode"],
        account=_account(document),
        api_version=_optional(document, "api_version"),
        thin=False,
    )


def _thin_event(document: Mapping[str, Any]) -> Event:
    event_id, event_type = _id_and_type(document)
    livemode = document.get("livemode")
    # Samples of early thin events lack the mode; Stripe's own library accepts them.
    if livemode is not None and type(livemode) is not bool:
        raise _Refused(Reason.BAD_ENVELOPE)
    related = document.get("related_object")
    if related is None:
        name, object_id = "v2.core.event", None
    elif isinstance(related, dict) and _is_printable(related.get("type")):
        name, object_id = related["type"], _object_id(related)
    else:
        raise _Refused(Reason.BAD_ENVELOPE)
    if object_id is not None and not _is_printable(object_id):
        raise _Refused(Reason.BAD_OBJECT_ID)
    return Event(
        id=event_id,
        type=event_type,
        object=name,
        object_id=object_id,
        fallback_id=None if object_id else event_type,
        created=_iso_seconds(document.get("created")),
        livemode=bool(livemode),
        account=_account(document),
        api_version=_optional(document, "api_version"),
        thin=True,
    )


def _object_id(container: Mapping[str, Any]) -> Any:
    # Published example objects have an empty id where the real ones have none.
    id = container.get("id")
    return None if id == "" else id


def _id_and_type(document: Mapping[str, Any]) -> tuple[str, str]:
    event_id, event_type = document.get("id"), document.get("type")
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise _Refused(Reason.BAD_ID)
    if not isinstance(event_type, str) or not _TYPE.fullmatch(event_type):
        raise _Refused(Reason.BAD_ENVELOPE)
    return event_id, event_type


def _account(document: Mapping[str, Any]) -> str | None:
    # Organisations send `context`; events before 2017-05-25 called the account `user_id`.
    names = [_optional(document, key) for key in ("account", "context", "user_id")]
    return next((name for name in names if name), None)


def _optional(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    # An empty text means none, as null does.
    if value is None or value == "":
        return None
    if not _is_printable(value):
        raise _Refused(Reason.BAD_ENVELOPE)
    return str(value)


def _fallback_id(snapshot: Mapping[str, Any]) -> str | None:
    for key in ("subscription", "customer", "account"):
        if _is_printable(snapshot.get(key)):
            return str(snapshot[key])
    return None


def _is_printable(value: Any) -> bool:
    return isinstance(value, str) and _PRINTABLE.fullmatch(value) is not None


def _iso_seconds(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(value)
        seconds = int(moment.timestamp())
    except (TypeError, ValueError, OverflowError):
        raise _Refused(Reason.BAD_ENVELOPE) from None
    if moment.tzinfo is None or not 0 <= seconds <= _CREATED_MAX:
        raise _Refused(Reason.BAD_ENVELOPE)
    return seconds
