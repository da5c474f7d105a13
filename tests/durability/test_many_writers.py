"""Several servers on one database: no event twice, no gap, positions in commit order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

import pytest

from ledger import Ledger
from tests.cli.processes import serving
from tests.durability.proof import prove
from tests.durability.traffic import Traffic, bodies, post

pytestmark = pytest.mark.slow

SERVERS = 3
COPIES = 50


class Tail:
    """A reader that follows the log by position, as any consumer may."""

    def __init__(self, url: str) -> None:
        self.seen: list[int] = []
        self._ledger = Ledger.open(url)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._stop.wait(0.001):
            events = self._ledger.log.after(self.seen[-1] if self.seen else 0, 50)
            self.seen += [entry.position for entry in events]

    def end(self) -> list[int]:
        """Stop it; returns the positions in the order in which it read them."""
        self._stop.set()
        self._thread.join()
        last = self._ledger.log.head().position
        self._ledger.close()
        assert self.seen[-1] <= last
        return self.seen


def test_several_ledgers(store_url: str, tmp_path: Path) -> None:
    """Three servers create the tables and append at once, each event posted to all of them."""
    with ExitStack() as stack:
        with ThreadPoolExecutor(SERVERS) as pool:
            settings = [{"LEDGER_WORKERS": workers} for workers in ("2", "1", "1")]
            starting = [
                pool.submit(stack.enter_context, serving(store_url, tmp_path, **changes))
                for changes in settings
            ]
            servers = [started.result() for started in starting]
        ports = [server.port for server in servers]
        tail = Tail(store_url)
        with Traffic(ports) as traffic, ThreadPoolExecutor(COPIES) as pool:
            for event_id, sent in islice(bodies(), 10):
                traffic.sent[event_id] = sent
                replies = pool.map(post, islice(cycle(ports), COPIES), [sent] * COPIES)
                assert [traffic.record(event_id, reply) for reply in replies].count(True) > 0
            traffic.wait_for_more(100)
        traffic.complete()
        seen = tail.end()

        assert seen == list(range(1, len(seen) + 1))
        prove(store_url, traffic)
        assert [server.end() for server in servers] == [0] * SERVERS
