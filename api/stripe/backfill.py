"""The backfill: what the API lists of each kind is recorded, however old it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from api.stripe.backfill_store import BackfillState, BackfillStore
from api.stripe.client import StripeApi
from api.stripe.objects import ObjectList, ObjectPage
from api.stripe.recording import record_each
from api.stripe.refusals import (
    AccountGone,
    KeyRefused,
    StripeRefused,
    StripeUnreachable,
    UnknownCursorAtStripe,
)
from ledger import Ledger

__all__ = ["Backfilled", "Backfiller", "OnPage"]

_PAGE = 100

OnPage = Callable[[BackfillState], None]


@dataclass(slots=True)
class Backfilled:
    """What became of one list of an account: read to its end, unless Stripe ``refused``.

    ``was_done``: a backfill that was cut off had done it. ``is_gone``: the account is not, or no
    longer, connected. ``unreadable`` are objects that the log cannot keep, and why.
    """

    account: str | None
    listing: str
    objects: int = 0
    recorded: int = 0
    was_done: bool = False
    is_gone: bool = False
    refused: str | None = None
    unreadable: list[str] = field(default_factory=list)


class Backfiller:
    """Records what lists have, newest first.

    It may be killed anywhere: how far it got is stored after each page, and what a page has is
    recorded before, where what the log shows already is no second entry.
    """

    def __init__(
        self, api: StripeApi, ledger: Ledger, store: BackfillStore, *, page: int = _PAGE
    ) -> None:
        self._api, self._ledger, self._store, self._page = api, ledger, store, page

    def run(
        self,
        accounts: Iterable[str | None],
        lists: Iterable[ObjectList],
        since: int = 0,
        on_page: OnPage | None = None,
    ) -> list[Backfilled]:
        """Read lists of accounts down to what was created at ``since``; what was done is left out.

        A list that Stripe refuses is told in its result, and the others are read. Where none is
        refused, the next backfill begins anew. Raises ``StripeUnreachable`` and ``KeyRefused``.
        """
        lists = list(lists)
        results = []
        for account in accounts:
            for listed in lists:
                if account is not None and listed.is_of_platform:
                    continue
                result = self._run(account, listed, since, on_page)
                results.append(result)
                if result.is_gone:
                    break
        if all(result.refused is None or result.is_gone for result in results):
            self._store.forget()
        return results

    def _run(
        self, account: str | None, listed: ObjectList, since: int, on_page: OnPage | None
    ) -> Backfilled:
        new = BackfillState(account, self._api.livemode, listed.name, since)
        state = self._store.states().get((account, listed.name), new)
        if state.since != since:
            state = new
        result = Backfilled(account, listed.name, was_done=state.is_done)
        try:
            while not state.is_done:
                state = self._continue(state, listed, result)
                if on_page is not None:
                    on_page(state)
        except (StripeUnreachable, KeyRefused):
            raise
        except StripeRefused as refused:
            result.refused, result.is_gone = str(refused), isinstance(refused, AccountGone)
        result.objects, result.recorded = state.objects, state.recorded
        return result

    def _continue(
        self, state: BackfillState, listed: ObjectList, result: Backfilled
    ) -> BackfillState:
        """Take one page; the state after it, which is stored."""
        try:
            page = listed.page(self._api, state.account, _after(state), limit=self._page)
        except UnknownCursorAtStripe:
            if state.cursor is None:
                raise
            # It was deleted since: what is as old as it comes after it.
            return replace(state, cursor=None)
        recorded, unreadable = record_each(self._ledger, page.snapshots)
        result.unreadable += unreadable
        state = _next(state, page, recorded)
        self._store.save(state)
        return state


def _after(state: BackfillState) -> dict[str, Any]:
    """The parameters of the page that comes next."""
    params: dict[str, Any] = {}
    created = {"gte": state.since} if state.since else {}
    if state.cursor is not None:
        params["starting_after"] = state.cursor
    elif state.created is not None:
        created["lte"] = state.created
    return {**params, "created": created} if created else params


def _next(state: BackfillState, page: ObjectPage, recorded: int) -> BackfillState:
    return replace(
        state,
        cursor=page.cursor or state.cursor,
        created=state.created if page.created is None else page.created,
        objects=state.objects + len(page.snapshots),
        recorded=state.recorded + recorded,
        is_done=not page.has_more or page.cursor is None,
    )
