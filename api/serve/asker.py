"""The asker: sweeps Stripe's events, checks the endpoint, fetches what thin events are about."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from api.config.databases import stores
from api.config.settings import Settings
from api.serve.balance import record_balance
from api.serve.loop import run_as_child
from api.stripe.client import StripeApi
from api.stripe.endpoints import Endpoints, problems_of
from api.stripe.event_types import missing_types
from api.stripe.refusals import StripeRefused
from api.stripe.store import SweepStore
from api.stripe.sweep import WEBHOOK_SECONDS, Sweeper, Swept
from api.stripe.thin import Followed, ThinFollower
from api.stripe.thin_store import ThinStore
from api.telemetry import logs, metrics, multiprocess
from ledger import ConfigurationError, Ledger, StoreUnavailable

__all__ = ["ask"]

_NICENESS = 10
_CHECK_SECONDS = 3600.0
_RETRY_SECONDS = 60.0
# Events of one object that come within it have it fetched once.
_THIN_SECONDS = 2.0


class _Stopped(Exception):
    """This process is to end, and waits for nothing any more."""


def ask(settings: Settings, stop: threading.Event) -> None:
    """Ask Stripe in rounds until `stop` is set; what is refused is logged and tried again.

    Another ledger on the same database may do so too: an account that was swept since is not due.
    """

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise _Stopped

    try:
        api = StripeApi.of(settings, sleep=sleep)
    except ConfigurationError as error:
        # Without it deliveries and projections go on as ever.
        logs.log.error("stripe_not_asked", error=str(error))
        stop.wait()
        return
    # One ledger for both: it can be opened by one thread at a time only.
    with stores(settings) as (ledger, _), ThreadPoolExecutor(1) as pool:
        following = pool.submit(_follow_thin, api, ledger, stop)
        # Should either fail the other ends too, and the supervisor starts the process again.
        following.add_done_callback(lambda _: stop.set())
        try:
            _sweep_and_check(api, ledger, stop, 60.0 * settings.sweep_minutes)
        finally:
            stop.set()
        following.result()


def _sweep_and_check(
    api: StripeApi, ledger: Ledger, stop: threading.Event, round_seconds: float
) -> None:
    checked_seconds = -_CHECK_SECONDS
    while not stop.is_set():
        seconds = time.monotonic()
        pause = round_seconds
        try:
            with _logging_refusals():
                if seconds >= checked_seconds + _CHECK_SECONDS:
                    checked_seconds = seconds
                    check_endpoints(Endpoints(api))
            with _logging_refusals():
                sweep_due(api, ledger, stop, round_seconds)
            with _logging_refusals():
                record_balance(api, ledger, stop, round_seconds)
        except StoreUnavailable as error:
            logs.log.warning("asker_waits", error=str(error))
            pause = _RETRY_SECONDS
        except _Stopped:
            return
        stop.wait(max(1.0, min(pause, round_seconds) - (time.monotonic() - seconds)))


def _follow_thin(api: StripeApi, ledger: Ledger, stop: threading.Event) -> None:
    """Fetch what thin events are about, beside the sweeps: those may take many minutes."""
    follower = ThinFollower(api, ledger, ThinStore(ledger.engine))
    while not stop.wait(_THIN_SECONDS):
        try:
            with _logging_refusals():
                _log_followed(follower.follow())
        except StoreUnavailable as error:
            logs.log.warning("asker_waits", error=str(error))
            stop.wait(_RETRY_SECONDS)
        except _Stopped:
            return


def sweep_due(api: StripeApi, ledger: Ledger, stop: threading.Event, round_seconds: float) -> None:
    """Sweep the accounts whose last sweep ended a round ago or longer."""
    store = SweepStore(ledger.engine)
    sweeper = Sweeper(api, ledger, store)
    accounts, refused = sweeper.accounts()
    if refused is not None:
        logs.warn_once("accounts_not_listed", error=str(refused))
    for account in accounts:
        state = store.states(api.livemode).get(account)
        # Half a round: the clocks of two ledgers are not the same.
        if (
            state is not None
            and time.time() - WEBHOOK_SECONDS - state.swept_until < round_seconds / 2
        ):
            continue
        if stop.is_set():
            return
        _log(sweeper.sweep(account))


def check_endpoints(endpoints: Endpoints) -> None:
    """Set the metrics of the endpoints that lead here, and log what is wrong with each."""
    multiprocess.keep_files()
    for endpoint in endpoints.all():
        if not endpoint.is_ours:
            continue
        is_enabled = endpoint.status == "enabled"
        metrics.ENDPOINT_ENABLED.labels(endpoint.id).set(is_enabled)
        missing = missing_types(endpoint.enabled_events)
        metrics.ENDPOINT_MISSING_EVENTS.labels(endpoint.id).set(len(missing))
        for problem in problems_of(endpoint):
            logs.log.warning("endpoint_problem", endpoint=endpoint.id, problem=problem)


@contextmanager
def _logging_refusals() -> Iterator[None]:
    try:
        yield
    except StripeRefused as refused:
        logs.log.warning("stripe_refused", error=str(refused))


def _log_followed(followed: Followed) -> None:
    if followed.fetched:
        logs.log.info(
            "thin_events_followed",
            events=followed.events,
            fetched=followed.fetched,
            recorded=followed.recorded,
        )
    for refused in followed.refused:
        logs.log.warning("thin_event_not_followed", error=refused)


def _log(swept: Swept) -> None:
    name = swept.account or "own"
    if swept.fetched:
        logs.log.info("events_fetched", account=name, fetched=swept.fetched, known=swept.known)
    if swept.refused is not None:
        logs.warn_once(f"account_not_swept {name}", error=swept.refused)
    if swept.lost is not None:
        begin, end = swept.lost
        logs.log.error("events_lost", account=name, begin=begin, end=end)
    for item in swept.unreadable:
        logs.log.error("fetched_event_unreadable", account=name, id=item.id, reason=item.reason)


if __name__ == "__main__":
    run_as_child(ask, niceness=_NICENESS)
