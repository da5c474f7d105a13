"""Stripe's objects as its API has them: which lists there are of what is projected, and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from api.stripe.client import Answer, StripeApi
from ledger import Snapshot
from projections import KINDS, StripeObject

__all__ = ["ObjectList", "ObjectPage", "fetch", "fetch_at", "kinds_of", "lists", "names"]

_PAGE = 100


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool


class _Item(msgspec.Struct):
    id: str
    created: int | None = None


_list = msgspec.json.Decoder(_List)
_item = msgspec.json.Decoder(_Item)


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Objects as a page of a list shows them, newest first; the next one begins after ``cursor``.

    ``created`` is the cursor's time of creation, where it tells that.
    """

    snapshots: list[Snapshot]
    cursor: str | None
    created: int | None
    has_more: bool


@dataclass(frozen=True)
class ObjectList:
    """One of the lists in which the API has an object of ours."""

    declared: StripeObject
    query: Mapping[str, str]

    @property
    def name(self) -> str:
        """What tells it from every other list: ``/v1/subscriptions?status=all``."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return self.declared.api_path + query

    @property
    def is_of_platform(self) -> bool:
        """Whether only the own account has it: the list of the accounts connected to it."""
        return self.declared.listing is not None and self.declared.listing.is_account

    def page(
        self,
        api: StripeApi,
        account: str | None,
        params: Mapping[str, Any],
        *,
        limit: int = _PAGE,
    ) -> ObjectPage:
        """A page of it; raises ``StripeRefused``."""
        path = self.declared.api_path
        answer = api.ask(path, account=account, limit=limit, **self.query, **params)
        listed = _list.decode(answer.text)
        items = [_item.decode(raw) for raw in listed.data]
        last = items[-1] if items else None
        return ObjectPage(
            [
                # What the platform lists is told by events of the accounts themselves.
                snapshot(bytes(raw), answer, item.id if self.is_of_platform else account, api)
                for raw, item in zip(listed.data, items, strict=True)
            ],
            None if last is None else last.id,
            None if last is None else last.created,
            listed.has_more,
        )


def lists(kinds: Sequence[str] = ()) -> list[ObjectList]:
    """The lists of all objects that rows of these kinds (all, if none is named) are made of."""
    return [
        ObjectList(declared, query)
        for declared in names(kinds).values()
        if declared.listing is not None
        for query in declared.listing.queries
    ]


def names(kinds: Sequence[str] = ()) -> dict[str, StripeObject]:
    """The objects that rows of these kinds (all, if none is named) are made of, by name.

    An object that is only referred to, by whatever kind, belongs to each that does.
    """
    chosen = [KINDS[name] for name in kinds or KINDS]
    owned = {member.name for kind in KINDS.values() for member in kind.members}
    return {
        name: declared
        for kind in chosen
        for name, declared in kind.objects.items()
        if name in kind.member_names or name not in owned
    }


def kinds_of(declared: StripeObject) -> list[str]:
    """The kinds whose rows are made of an object."""
    return [kind for kind in KINDS if declared.name in names([kind])]


def fetch(
    api: StripeApi, declared: StripeObject, id: str, account: str | None, **params: Any
) -> Snapshot:
    """One object as it stands; raises ``StripeRefused``, and ``NoSuchObject`` of one that is gone.

    ``account`` is the one in which the log has it, ``params`` are those of the request.
    """
    header = None if declared.listing is not None and declared.listing.is_account else account
    answer = api.ask(f"{declared.api_path}/{id}", account=header, **params)
    return snapshot(answer.text.encode(), answer, account, api)


def fetch_at(api: StripeApi, url: str, account: str | None) -> Snapshot:
    """The object at an address of the API that Stripe named; raises as ``fetch``.

    What is below an account, as its capabilities are, the platform asks for in its own name.
    """
    header = None if url.startswith(f"/v1/accounts/{account}/") else account
    answer = api.ask(url, account=header)
    return snapshot(answer.text.encode(), answer, account, api)


def snapshot(raw: bytes, answer: Answer, account: str | None, api: StripeApi) -> Snapshot:
    """An object in an answer as a record of it; its numbers and texts are untouched."""
    # Rounded down, the second of the answer may be the one before the object was made.
    seconds = max(answer.observed_at, _item.decode(raw).created or 0)
    return Snapshot(raw, seconds, answer.api_version, account, api.livemode)
