"""A page of events as Stripe's API lists them: each as the bytes that it was told in."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ledger import Delivery, Quarantined, read_delivery

__all__ = ["EventPage", "Unreadable", "read_page"]


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool


class _Id(msgspec.Struct):
    id: str


_list = msgspec.json.Decoder(_List)
_id = msgspec.json.Decoder(_Id)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item of a list that is no event as the way in takes them, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """The events of one page, newest first, and the cursor of the next one."""

    deliveries: list[Delivery]
    unreadable: list[Unreadable]
    cursor: str | None
    has_more: bool


def read_page(answer: str, account: str | None, received_at: int) -> EventPage:
    """Read an answer to ``GET /v1/events``; ``account`` is the one that the request named.

    Each body is the event's JSON without the blanks between, its numbers and texts untouched. What
    is listed for a connected account may not name it: then it is put in.
    """
    page = _list.decode(answer)
    deliveries, unreadable, cursor = [], [], None
    for raw in page.data:
        cursor = _id.decode(raw).id
        body = _body(bytes(raw), account)
        fact = read_delivery(body)
        if isinstance(fact, Quarantined):
            unreadable.append(Unreadable(cursor, str(fact.reason)))
        else:
            deliveries.append(Delivery(body, "api", received_at, fact))
    return EventPage(deliveries, unreadable, cursor, page.has_more)


def _body(raw: bytes, account: str | None) -> bytes:
    if account is not None:
        members = _members.decode(raw)
        if not any(bytes(members.get(name, b"null")) != b"null" for name in ("account", "context")):
            name = msgspec.Raw(msgspec.json.encode(account))
            raw = msgspec.json.encode({**members, "account": name})
    return msgspec.json.format(raw, indent=-1)
