"""The asker's part that records balance transactions, which no event shows."""

from __future__ import annotations

import threading
import time

from api.stripe.balance import Recorded, Recorder
from api.stripe.balance_store import BalanceStore
from api.stripe.client import StripeApi
from api.stripe.refusals import AccountGone
from api.stripe.store import SweepStore
from api.telemetry import logs
from ledger import Ledger

__all__ = ["record_balance"]


def record_balance(
    api: StripeApi, ledger: Ledger, stop: threading.Event, round_seconds: float
) -> None:
    """One round: sweep each account's list, read the log, and ask for what is due.

    The accounts are those whose events were swept. Raises ``StripeRefused`` where the key may not,
    or Stripe is away: the next round goes on.
    """
    store = BalanceStore(ledger.engine, livemode=api.livemode)
    recorder = Recorder(api, ledger, store)
    for swept in SweepStore(ledger.engine).states(api.livemode).values():
        account = swept.account
        if stop.is_set():
            return
        # Half a round, as for events: another ledger may have swept it.
        is_new = time.time() - store.state(account).swept_until < round_seconds / 2
        if swept.is_gone or is_new:
            continue
        try:
            _log(recorder.sweep(account), account or "own")
        except AccountGone as gone:
            logs.warn_once(f"balance_not_swept {account}", error=str(gone))
    while recorder.read():
        if stop.is_set():
            return
    _log(recorder.fetch_due(), "due")


def _log(recorded: Recorded, what: str) -> None:
    if recorded.stored:
        logs.log.info(
            "balance_recorded", of=what, stored=recorded.stored, requests=recorded.requests
        )
    for refused in recorded.refused:
        logs.log.warning("balance_transaction_refused", error=refused)
