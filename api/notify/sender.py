"""The sender: claims what is due, hands it out by many threads, and records how that ended."""

from __future__ import annotations

import queue
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from api.notify.addresses import Networks
from api.notify.claims import SENDER_SECONDS, Claimed, Claims, Recipient, Share
from api.notify.deliver import by_http
from api.notify.handler_pool import HandlerPool
from api.notify.http import TIMEOUT_SECONDS, Http
from api.notify.lane import Lane
from api.notify.results import Recorded, Result, failure, record
from api.telemetry import logs
from ledger.database import write_transaction

__all__ = ["Sender"]

_THREADS_MAX = 256
_HEARTBEAT_SECONDS = 1.0
# Results are recorded together: a transaction for each would cost more than sending it.
_GATHER_SECONDS = 0.01
_RESULTS_MAX = 500
# How long it waits where there is nothing to do: twice as long each time, up to the longest.
_WAIT_SECONDS = 0.05
_WAIT_SECONDS_MAX = 0.4


class Sender:
    """One sender; one thread calls ``send`` again and again, and then ``stop``.

    Both raise ``StoreUnavailable`` without a database; what has ended meanwhile is recorded later.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        networks: Networks,
        handlers: HandlerPool | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """``networks`` are where it may send beside public addresses; ``handlers``, started, makes
        attempts for subscribers in Python. Those that it has not wait."""
        self._engine = engine
        self._http = Http(networks, timeout_seconds=timeout_seconds)
        self._by_http, self._handlers = by_http(self._http), handlers
        self._timeout_seconds = timeout_seconds
        self._claims = Claims(engine)
        self._share = Share(0, 1)
        self._heartbeat_seconds = float("-inf")
        self._lanes: dict[str, Lane] = {}
        # No SimpleQueue: where a signal comes just as the time is over, its `get` waits for ever.
        # None wakes it.
        self._ended: queue.Queue[Result | None] = queue.Queue()
        self._wait_seconds = _WAIT_SECONDS
        self._unrecorded: list[Result] = []
        self._threads = ThreadPoolExecutor(_THREADS_MAX, thread_name_prefix="sender")

    def send(self) -> int:
        """Record what has ended, claim what is due and let it be sent; returns how much of both.

        Waits a moment for something to end where there is nothing else to do.
        """
        self._live()
        recorded = self._record()
        claimed = self._claim()
        self._hire()
        if not recorded and not claimed:
            self._await(self._wait_seconds)
            self._wait_seconds = min(2 * self._wait_seconds, _WAIT_SECONDS_MAX)
            return 0
        self._wait_seconds = _WAIT_SECONDS
        if recorded:
            time.sleep(_GATHER_SECONDS)
        return recorded + claimed

    def wake(self) -> None:
        """End a wait, from another thread: there is something to send."""
        self._ended.put(None)

    def is_idle(self) -> bool:
        """Whether nothing is claimed and nothing is unrecorded."""
        self._collect()
        return not self._unrecorded and all(lane.is_idle() for lane in self._lanes.values())

    def stop(self) -> None:
        """Wait for the attempts that were begun, as long as one may take, record them, and give
        everything else back."""
        deadline = time.monotonic() + self._timeout_seconds + _WAIT_SECONDS
        for lane in self._lanes.values():
            lane.drop()
        self._threads.shutdown(wait=False)
        while not self.is_idle() and time.monotonic() < deadline:
            self._record()
            self._await(_GATHER_SECONDS)
        self._http.close()
        self._record()
        self._claims.leave()

    def _live(self) -> None:
        seconds = time.monotonic()
        if seconds - self._heartbeat_seconds < _HEARTBEAT_SECONDS:
            return
        self._share = self._claims.heartbeat()
        if seconds - self._heartbeat_seconds > SENDER_SECONDS:
            self._drop(list(self._lanes))
        self._heartbeat_seconds = seconds

    def _claim(self) -> int:
        recipients = {
            each.subscriber.id: each
            for each in self._claims.recipients()
            if each.subscriber.handler is None or each.subscriber.handler in self._patterns()
        }
        self._drop([id for id in self._lanes if id not in recipients])
        counts = {}
        for id, recipient in recipients.items():
            lane = self._lanes.setdefault(id, Lane(recipient))
            lane.recipient = recipient
            lane.allow(self._share.of(recipient.subscriber.concurrency))
            if recipient.has_due and (room := lane.room()):
                counts[id] = room
        claimed = self._claims.claim(counts) if counts else []
        by_subscriber: dict[str, list[Claimed]] = defaultdict(list)
        for each in claimed:
            by_subscriber[each.subscriber].append(each)
        for id, its in by_subscriber.items():
            self._lanes[id].add(its)
        return len(claimed)

    def _drop(self, ids: Sequence[str]) -> None:
        """Give back what waits for subscribers to whom nothing is sent any more."""
        self._claims.release(each for id in ids for each in self._lanes[id].drop())
        for id in ids:
            if self._lanes[id].is_idle():
                del self._lanes[id]

    def _hire(self) -> None:
        for lane in self._lanes.values():
            for _ in range(lane.hire()):
                self._threads.submit(self._work, lane)

    def _work(self, lane: Lane) -> None:
        while (claimed := lane.take()) is not None:
            if time.monotonic() - self._heartbeat_seconds > SENDER_SECONDS:
                # Others may have taken it: for so long this process, or the database, stood still.
                lane.postpone(claimed)
                return
            started_at = time.time_ns() // 1000
            try:
                result = self._attempt(lane.recipient, claimed)
            except Exception as fault:
                # Else this sender would have it as long as it lives, and nobody would know.
                kind = type(fault).__name__
                logs.log.error("attempt_raised", id=claimed.notification, error=kind)
                result = failure(claimed, started_at, fault)
            # Before it is seen to have finished: then it is known to be unrecorded.
            self._ended.put(result)
            lane.finish(result)

    def _attempt(self, recipient: Recipient, claimed: Claimed) -> Result:
        if recipient.subscriber.handler is None:
            return self._by_http(recipient, claimed)
        assert self._handlers is not None
        return self._handlers.deliver(recipient, claimed)

    def _patterns(self) -> Collection[str]:
        return () if self._handlers is None else self._handlers.patterns

    def _await(self, seconds: float) -> None:
        try:
            self._take(self._ended.get(timeout=seconds))
        except queue.Empty:
            return

    def _collect(self) -> None:
        while not self._ended.empty():
            self._take(self._ended.get())

    def _take(self, ended: Result | None) -> None:
        if ended is not None:
            self._unrecorded.append(ended)

    def _record(self) -> int:
        """Record what has ended; it stays unrecorded until that was committed."""
        self._collect()
        results = self._unrecorded[:_RESULTS_MAX]
        if not results:
            return 0
        with write_transaction(self._engine) as connection:
            recorded = record(connection, self._claims.owner, results)
        del self._unrecorded[: len(results)]
        for id in {result.claimed.subscriber for result in results if result.stops}:
            if id in self._lanes:
                self._lanes[id].open()
        _log(recorded)
        return len(results)


def _log(recorded: Recorded) -> None:
    for subscriber, reason in recorded.stopped.items():
        logs.log.error("subscriber_stopped", subscriber=subscriber, reason=reason)
    if recorded.given_up:
        logs.log.error("notifications_given_up", count=recorded.given_up)
