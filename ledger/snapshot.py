"""Snapshot records: what Stripe answered when it was asked for an object, as bodies of our own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from ledger.errors import SnapshotRefused
from ledger.event import SNAPSHOT, Delivery, Event, read_delivery
from ledger.identity import canonical_json, snapshot_id
from ledger.strict_json import strict_loads

__all__ = ["VOLATILE", "Shown", "Snapshot", "cause_of"]

# What differs from answer to answer, though nothing happened: links that expire.
VOLATILE = frozenset({"receipt_url", "hosted_invoice_url", "invoice_pdf"})

_SOURCE = "api"


@dataclass(frozen=True)
class Snapshot:
    """An object as Stripe answered it, and when: ``observed_at`` in Unix seconds.

    ``object`` is its JSON. ``payout`` is the payout that was asked for the object, where the object
    does not name it. ``cause`` is the id of the event because of which Stripe was asked.
    """

    object: bytes
    observed_at: int
    api_version: str | None
    account: str | None
    livemode: bool
    payout: str | None = None
    cause: str | None = None

    @cached_property
    def id(self) -> str:
        """A hash of the object, its scope, the time and the payout; raises ``SnapshotRefused``."""
        try:
            value = strict_loads(self.object)
        except ValueError as error:
            name = type(error).__name__
            raise SnapshotRefused(f"the answer cannot be read by all alike: {name}") from None
        if not isinstance(value, dict):
            raise SnapshotRefused("the answer is no JSON object")
        return snapshot_id(self.account, self.livemode, self.observed_at, self.payout, value)

    @cached_property
    def body(self) -> bytes:
        """The body that the log keeps; raises ``SnapshotRefused``."""
        envelope = {
            "object": SNAPSHOT,
            "id": self.id,
            "observed_at": self.observed_at,
            "api_version": self.api_version,
            "account": self.account,
            "livemode": self.livemode,
        }
        optional = {"payout": self.payout, "cause": self.cause}
        envelope |= {name: value for name, value in optional.items() if value is not None}
        # Written as it was answered, but for the blanks: no number is rounded.
        raw = msgspec.json.format(self.object, indent=-1)
        start = json.dumps(envelope, separators=(",", ":"))[:-1].encode()
        return b"".join((start, b',"data":{"object":', raw, b"}}"))

    def delivery(self, received_at: int) -> Delivery:
        """The record on its way to the log; raises ``SnapshotRefused`` where it cannot be kept."""
        fact = read_delivery(self.body, source=_SOURCE)
        if not isinstance(fact, Event):
            raise SnapshotRefused(f"the answer cannot be kept: {fact.reason}")
        return Delivery(self.body, _SOURCE, received_at, fact)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an entry of the log shows of its object, and when."""

    event_id: str
    created: int
    api_version: str | None
    payout: str | None
    json: str

    @classmethod
    def by(cls, event_id: str, created: int, api_version: str | None, body: bytes) -> Shown | None:
        """What the entry with this body shows; None where it has no snapshot, as thin events."""
        document = strict_loads(body)
        name = document["object"]
        if name not in ("event", SNAPSHOT):
            return None
        payout = document.get("payout") if name == SNAPSHOT else None
        text = canonical_json(_lasting(document["data"]["object"]))
        return cls(event_id, created, api_version, payout, text)

    def repeats(self, before: Shown) -> bool:
        """Whether it says no more than another one: the same JSON, in the same API version.

        Most listings do not show the payout of an object: to have none is no difference.
        """
        is_same = self.json == before.json and self.api_version == before.api_version
        return is_same and self.payout in (None, before.payout)


def cause_of(body: bytes) -> str | None:
    """The id of the event because of which a record was made; None where nothing caused it."""
    cause: str | None = strict_loads(body).get("cause")
    return cause


def _lasting(value: Any) -> Any:
    """A snapshot without what differs from answer to answer; metadata is the merchant's own."""
    if isinstance(value, dict):
        return {
            name: inner if name == "metadata" else _lasting(inner)
            for name, inner in value.items()
            if name not in VOLATILE
        }
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value
