"""The race for positions: writers pause between insert and commit, a reader must miss nothing."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from ledger import Ledger
from ledger.store.recorder import LedgerRecorder

WRITERS = 4
APPENDS = 25
LONG_MS = 60_000


class GivenUp(Exception):
    """A writer that changes its mind after the insert."""


def write(url: str, seed: int) -> int:
    """Inserts, pauses, and commits or not; returns how many rows it committed."""
    rng, ledger, written = Random(seed), Ledger.open(url, lock_timeout_ms=LONG_MS), 0
    recorder = ledger.recorder
    assert isinstance(recorder, LedgerRecorder)
    for _ in range(APPENDS):
        stream, rows = uuid4(), rng.randint(1, 3)
        events = [StoredEvent(stream, version + 1, "t", b"{}") for version in range(rows)]
        try:
            with recorder.critical_section() as section:
                recorder.insert_events(events, section=section)
                time.sleep(rng.uniform(0, 0.02))
                if rng.random() < 0.2:
                    raise GivenUp
            written += rows
        except GivenUp:
            continue
    ledger.close()
    return written


def test_every_position_once_in_order(store_url: str) -> None:
    """The tail sees 1, 2, 3… although rows are there before they are committed."""
    ledger, seen, done = Ledger.open(store_url, create=True), [0], threading.Event()

    def follow() -> None:
        while True:
            last = done.is_set()
            found = ledger.log.after(seen[-1], 7)
            seen.extend(entry.position for entry in found)
            if last and not found:
                return

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        tail = pool.submit(follow)
        writers = [pool.submit(write, store_url, seed) for seed in range(WRITERS)]
        try:
            written = sum(writer.result() for writer in writers)
        finally:
            done.set()
        tail.result()

    assert seen == list(range(written + 1))
    assert ledger.log.head().position == written
    ledger.close()
