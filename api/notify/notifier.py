"""The notifier: reads the feed on, fills deliveries from it, and lets them be sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from api.notify.filling import Filler
from api.notify.sender import Sender
from api.telemetry import logs
from ledger import LedgerError, StoreUnavailable
from projections import Feed, LeaderLease

__all__ = ["Notifier"]

_STANDBY_SECONDS = 0.5
# Twice as long each time, up to the longest: an idle ledger should cost next to nothing.
_IDLE_SECONDS = 0.05
_IDLE_SECONDS_MAX = 0.2
_RETRY_SECONDS_MIN = 0.25
_RETRY_SECONDS_MAX = 10.0
# A round that took so long was a backlog: the next one begins at once.
_BACKLOG = 100


class Notifier:
    """What one process does for notifications, in two threads: the feed, and sending.

    Any number of processes may do so beside each other. One leads and reads the feed on, for
    economy; all of them send, where the database lets them.
    """

    def __init__(
        self,
        feed: Feed,
        filler: Filler,
        sender: Sender,
        leader: LeaderLease,
        make_tables: Callable[[], None],
    ) -> None:
        self._feed = feed
        self._filler = filler
        self._sender = sender
        self._leader = leader
        self._make_tables = make_tables

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; then what is being sent is finished and recorded."""
        faults: list[BaseException] = []

        def read() -> None:
            try:
                self._repeat(self._read, _IDLE_SECONDS, stop)
            except BaseException as fault:
                faults.append(fault)
                # The whole process ends and is started again: one that only sends would be silent.
                stop.set()

        reading = threading.Thread(target=read, name="feed")
        reading.start()
        try:
            self._repeat(self._send, 0.0, stop)
        finally:
            stop.set()
            reading.join()
            with suppress(StoreUnavailable):
                self._sender.stop()
            with suppress(StoreUnavailable):
                self._leader.release()
        if faults:
            raise faults[0]

    def _read(self) -> bool:
        if not self._leader.is_held():
            time.sleep(_STANDBY_SECONDS)
            return False
        events = self._feed.follow()
        filled = self._filler.fill()
        if filled:
            self._sender.wake()
        # Under a steady load it rests, too: what comes meanwhile is one batch and not many.
        return filled >= _BACKLOG or events >= _BACKLOG

    def _send(self) -> bool:
        # It waits by itself where there is nothing to do.
        self._sender.send()
        return True

    def _repeat(self, work: Callable[[], bool], idle_seconds: float, stop: threading.Event) -> None:
        """Work again and again; rest where there was nothing, and longer without a database."""
        retry_seconds, wait_seconds = _RETRY_SECONDS_MIN, idle_seconds
        while not stop.is_set():
            try:
                is_busy = work()
            except StoreUnavailable as error:
                logs.log.warning("notifier_waits", error=str(error), seconds=retry_seconds)
                with suppress(LedgerError):
                    self._make_tables()
                stop.wait(retry_seconds)
                retry_seconds = min(retry_seconds * 2, _RETRY_SECONDS_MAX)
                continue
            retry_seconds = _RETRY_SECONDS_MIN
            if is_busy:
                wait_seconds = idle_seconds
                continue
            stop.wait(wait_seconds)
            wait_seconds = min(2 * wait_seconds, _IDLE_SECONDS_MAX)
