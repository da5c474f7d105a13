"""The recorder of balance transactions, which no event shows: swept, asked for, listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from api.stripe.balance_notes import PAYOUT, TRANSACTION, notes_of
from api.stripe.balance_store import BalanceState, BalanceStore, Wanted
from api.stripe.client import StripeApi
from api.stripe.objects import ObjectList, fetch, names
from api.stripe.recording import record_each
from api.stripe.refusals import (
    KeyRefused,
    MissingPermission,
    StripeRefused,
    StripeUnreachable,
    UnknownCursorAtStripe,
)
from ledger import Ledger, Snapshot
from ledger.identity import stream_id

__all__ = ["Recorded", "Recorder"]

# The first sweep goes back so far: what is older a backfill brings. What is swept twice, for a
# transaction may be listed a while after its second.
_FIRST_SECONDS = 30 * 86_400
_OVERLAP_SECONDS = 7_200
# When it is asked again for what should be there and is not, and how often.
_AGAIN_SECONDS = 86_400
_ATTEMPTS_MAX = 5

_PAGE = 100
_ENTRIES = 500


class _Item(msgspec.Struct):
    status: str = "available"
    available_on: int = 0


_item = msgspec.json.Decoder(_Item)


@dataclass(slots=True)
class Recorded:
    """What a step did: requests to Stripe, records that said something new.

    ``refused`` is what Stripe would not show or the log cannot keep, ``given_up`` how many will not
    be asked for again.
    """

    requests: int = 0
    stored: int = 0
    given_up: int = 0
    refused: list[str] = field(default_factory=list)


class Recorder:
    """Records balance transactions of the key's mode, in steps that may be killed anywhere.

    What Stripe answers is recorded before it is remembered how far that was, and what the log shows
    already is no second entry. ``clock`` gives Unix seconds.
    """

    def __init__(
        self,
        api: StripeApi,
        ledger: Ledger,
        store: BalanceStore,
        *,
        clock: Callable[[], float] = time.time,
        page: int = _PAGE,
    ) -> None:
        self._api, self._ledger, self._store, self._page = api, ledger, store, page
        self._clock = clock
        self._list = ObjectList(names()[TRANSACTION], {})

    def read(self) -> bool:
        """Read on in the log, for what names a transaction and what is recorded; False at its end.

        What has a record needs no asking: its own entry says whether it is final.
        """
        position = self._store.position()
        events = self._ledger.log.after(position, _ENTRIES)
        if not events:
            return False
        livemode = self._api.livemode
        notes = [
            (event.account, note)
            for event in events
            if event.livemode is livemode
            for note in notes_of(event)
        ]
        streams = {
            (account, note.id): stream_id(account, livemode, TRANSACTION, note.id)
            for account, note in notes
            if note.reason == "named"
        }
        known = self._ledger.log.known_streams(list(streams.values()))
        self._store.read(
            events[-1].position,
            [
                (account, note)
                for account, note in notes
                if note.reason != "named" or streams[account, note.id] not in known
            ],
        )
        return True

    def sweep(self, account: str | None, *, pages: int = 100) -> Recorded:
        """Sweep the list of an account, newest first, from where the last sweep ended.

        After so many pages it is left for the next time. Raises ``StripeRefused``.
        """
        recorded = Recorded()
        state = self._store.state(account)
        if state.until is None:
            until = int(self._clock())
            # However long ago the last one was: this list is kept for ever.
            since = state.swept_until - _OVERLAP_SECONDS
            since = since if state.swept_until else until - _FIRST_SECONDS
            state = replace(state, since=since, until=until)
        while state.until is not None and recorded.requests < pages:
            state = self._continue(state, recorded)
        return recorded

    def fetch_due(self, *, requests: int = 200) -> Recorded:
        """Ask for what is due: single transactions, and the parts of payouts.

        Raises ``StripeUnreachable``, and what refuses every request alike.
        """
        recorded = Recorded()
        for wanted in self._store.due(self._clock(), requests):
            if recorded.requests >= requests:
                break
            try:
                self._fetch(wanted, recorded)
            except (StripeUnreachable, KeyRefused, MissingPermission):
                raise
            except StripeRefused as refused:
                recorded.refused.append(f"{wanted.id}: {refused}")
                self._put_off(wanted, recorded)
        return recorded

    def _continue(self, state: BalanceState, recorded: Recorded) -> BalanceState:
        """Take one page; the state after it, which is stored."""
        params: dict[str, Any] = {"created": {"gte": state.since, "lte": state.until}}
        if state.cursor is not None:
            params["starting_after"] = state.cursor
        try:
            cursor = self._record_page(state.account, params, None, recorded)
        except UnknownCursorAtStripe:
            if state.cursor is None:
                raise
            # It begins once more: a transaction is never deleted, but a key may be another's.
            state = replace(state, cursor=None)
            self._store.save(state)
            return state
        if cursor is None:
            assert state.until is not None
            state = replace(state, swept_until=state.until, since=None, until=None)
        state = replace(state, cursor=cursor)
        self._store.save(state)
        return state

    def _fetch(self, wanted: Wanted, recorded: Recorded) -> None:
        if wanted.reason == PAYOUT:
            self._fetch_parts(wanted, recorded)
            return
        recorded.requests += 1
        declared = self._list.declared
        snapshot = fetch(self._api, declared, wanted.id, wanted.account, expand=["source"])
        self._record([snapshot], recorded)
        item = _item.decode(snapshot.object)
        if item.status == "pending":
            again = max(item.available_on, int(self._clock())) + _AGAIN_SECONDS
            self._store.put(replace(wanted, reason="pending", due_at=again, attempts=0))
        else:
            self._store.forget(wanted)

    def _fetch_parts(self, wanted: Wanted, recorded: Recorded) -> None:
        """List what a payout is made of, page by page; only this list tells."""
        cursor = wanted.cursor
        while True:
            params: dict[str, Any] = {"payout": wanted.id}
            if cursor is not None:
                params["starting_after"] = cursor
            cursor = self._record_page(wanted.account, params, wanted.id, recorded)
            if cursor is None:
                break
            self._store.put(replace(wanted, cursor=cursor))
        self._store.forget(wanted)

    def _put_off(self, wanted: Wanted, recorded: Recorded) -> None:
        """Ask again another day for what Stripe does not have; not for ever."""
        attempts = wanted.attempts + 1
        if attempts < _ATTEMPTS_MAX:
            again = int(self._clock()) + _AGAIN_SECONDS
            self._store.put(replace(wanted, due_at=again, attempts=attempts, cursor=None))
        else:
            recorded.given_up += 1
            self._store.forget(wanted)

    def _record_page(
        self,
        account: str | None,
        params: dict[str, Any],
        payout: str | None,
        recorded: Recorded,
    ) -> str | None:
        """Record a page of the list; the cursor of the next one, None after the last."""
        recorded.requests += 1
        expanded = {**params, "expand": ["data.source"]}
        page = self._list.page(self._api, account, expanded, limit=self._page)
        self._record([replace(each, payout=payout) for each in page.snapshots], recorded)
        return page.cursor if page.has_more else None

    def _record(self, snapshots: Sequence[Snapshot], recorded: Recorded) -> None:
        stored, unreadable = record_each(self._ledger, snapshots)
        recorded.stored += stored
        recorded.refused += unreadable
