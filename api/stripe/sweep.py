"""The sweep: what Stripe lists of the last 30 days and the log does not have is appended to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from api.stripe.accounts import known_accounts
from api.stripe.client import StripeApi
from api.stripe.listed_events import EventPage, Unreadable, read_page
from api.stripe.refusals import (
    AccountGone,
    StripeRefused,
    UnknownCursorAtStripe,
)
from api.stripe.store import SweepState, SweepStore
from ledger import Event, Ledger

__all__ = ["RETENTION_SECONDS", "WEBHOOK_SECONDS", "Sweeper", "Swept"]

# So long Stripe lists an event; so long it is left to its webhook; and what is swept twice, for an
# event may be listed a while after its second.
RETENTION_SECONDS = 30 * 86_400
WEBHOOK_SECONDS = 300
_OVERLAP_SECONDS = 3600

_PAGE = 100


@dataclass(slots=True)
class Swept:
    """What a sweep of one account did: ``lost`` is a time (from, to) that Stripe lists no more."""

    account: str | None
    pages: int = 0
    fetched: int = 0
    known: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    lost: tuple[int, int] | None = None
    refused: str | None = None


class Sweeper:
    """Sweeps the accounts that are known, each from where its last sweep ended.

    It may be killed anywhere: how far it got is stored after each page, and what a page has is
    appended before, where what is known is no second entry. ``clock`` gives Unix seconds.
    """

    def __init__(
        self,
        api: StripeApi,
        ledger: Ledger,
        store: SweepStore,
        *,
        clock: Callable[[], float] = time.time,
        page: int = _PAGE,
    ) -> None:
        self._api, self._ledger, self._store, self._page = api, ledger, store, page
        self._clock = clock

    def accounts(self) -> tuple[list[str | None], StripeRefused | None]:
        """The own account and the connected ones, the one first whose sweep is the oldest.

        A refusal to list them is returned, as ``known_accounts`` does.
        """
        names, refused = known_accounts(self._api, self._ledger)
        states = self._store.states(self._api.livemode)
        never = SweepState(None, self._api.livemode)
        return sorted(
            names, key=lambda name: (states.get(name, never).swept_until, name or "")
        ), refused

    def sweep(self, account: str | None, since: int | None = None) -> Swept:
        """Sweep one account, from ``since`` or from where its last sweep ended.

        A sweep that was cut off is finished first. Raises ``StripeRefused``; that an account is
        gone is no error, but what is said of it.
        """
        swept = Swept(account)
        livemode = self._api.livemode
        state = self._store.states(livemode).get(account, SweepState(account, livemode))
        try:
            while state.until is not None:
                state = self._continue(state, swept)
            state = self._begin(state, swept, since)
            while state.until is not None:
                state = self._continue(state, swept)
        except AccountGone as gone:
            swept.refused = str(gone)
            self._store.save(replace(state, is_gone=True))
        return swept

    def _begin(self, state: SweepState, swept: Swept, since: int | None) -> SweepState:
        until = int(self._clock()) - WEBHOOK_SECONDS
        oldest = until - RETENTION_SECONDS
        if state.swept_until and state.swept_until < oldest:
            swept.lost = (state.swept_until, oldest)
        if since is None:
            since = state.swept_until - _OVERLAP_SECONDS
        return replace(state, since=max(since, oldest), until=until, cursor=None, is_gone=False)

    def _continue(self, state: SweepState, swept: Swept) -> SweepState:
        """Take one page; the state after it, which is stored."""
        params: dict[str, Any] = {
            "limit": self._page,
            "created": {"gte": state.since, "lte": state.until},
        }
        if state.cursor is not None:
            params["starting_after"] = state.cursor
        try:
            answer = self._api.get("/v1/events", account=state.account, **params)
        except UnknownCursorAtStripe:
            if state.cursor is None:
                raise
            # It is older than 30 days, or another account's: the sweep is begun once more.
            return self._saved(replace(state, cursor=None))
        page = read_page(answer, state.account, int(self._clock() * 1_000_000))
        swept.pages += 1
        self._append(page, swept)
        if page.has_more and page.cursor is not None:
            return self._saved(replace(state, cursor=page.cursor))
        return self._saved(self._ended(state))

    def _ended(self, state: SweepState) -> SweepState:
        """The state after a whole sweep, which moves on unless it left something between."""
        assert state.since is not None and state.until is not None
        beginning = max(state.swept_until, state.until - RETENTION_SECONDS)
        until = state.until if state.since <= beginning else state.swept_until
        return replace(state, swept_until=until, since=None, until=None, cursor=None)

    def _append(self, page: EventPage, swept: Swept) -> None:
        swept.unreadable += page.unreadable
        facts = {d.fact.id: d for d in page.deliveries if isinstance(d.fact, Event)}
        known = self._ledger.log.known(list(facts))
        swept.known += len(known)
        # Oldest first, as they would have come.
        missing = [delivery for id, delivery in reversed(facts.items()) if id not in known]
        if not missing:
            return
        # Before, so that nothing that was fetched is without its note.
        self._store.note_fetched(d.fact for d in missing if isinstance(d.fact, Event))
        for appended in self._ledger.append(missing):
            if appended.status == "stored":
                swept.fetched += 1
            else:
                swept.known += 1

    def _saved(self, state: SweepState) -> SweepState:
        self._store.save(state)
        return state
