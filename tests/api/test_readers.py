"""Readers are few at a time: however many come, those that deliver events find a thread."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from api.backend import backend_of
from api.readers import Busy, Readers
from tests.api.client import ApiClient
from tests.api.deliveries import body_of, event, header


def test_no_more_read_at_a_time_than_may() -> None:
    """Of a hundred, three read at once, ten wait, and the others are told to come again."""
    readers = Readers(3, 10)
    reading, most, refused = [0], [0], [0]
    lock = threading.Lock()

    def read(_: int) -> None:
        try:
            with readers.turn():
                with lock:
                    reading[0] += 1
                    most[0] = max(most[0], reading[0])
                time.sleep(0.02)
                with lock:
                    reading[0] -= 1
        except Busy:
            with lock:
                refused[0] += 1

    with ThreadPoolExecutor(100) as threads:
        list(threads.map(read, range(100)))

    assert most == [3]
    assert 0 < refused[0] <= 100 - 13


def test_who_waits_too_long_for_a_turn_is_told_so() -> None:
    """Nobody waits for ever for one who reads for ever, and a refused one takes no place."""
    readers = Readers(1, 1, seconds=0.01)
    with readers.turn():
        for _ in range(3):
            with pytest.raises(Busy), readers.turn():
                pass
    with readers.turn():
        pass


def test_those_that_wait_for_the_projections_are_half_of_them() -> None:
    """A wait keeps its turn: so the other half is for those that have something to read."""
    readers = Readers(4, 4)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(readers.waiting_for_projections())
        with pytest.raises(Busy), readers.waiting_for_projections():
            pass


def test_a_busy_ledger_takes_deliveries_and_answers_readers_503(client: ApiClient) -> None:
    """While every turn is taken, a delivery is stored and a reader is told when to come again."""
    readers = backend_of(client.app).readers
    with ExitStack() as stack:
        for _ in range(client.settings.pool_size):
            stack.enter_context(readers.turn())
        readers._seconds = 0.01
        refused = client.get("/v1/orders")
        body = body_of(event(id="evt_while_busy"))
        assert client.deliver(body, header(body)).status_code == 200

    assert refused.status_code == 503
    assert refused.get_json()["type"] == "/docs#problem-busy"
    assert refused.headers["Retry-After"] == "1"
    assert client.get("/v1/orders").status_code == 200


def test_nobody_waits_for_a_position_that_the_log_has_not(client: ApiClient) -> None:
    """It is answered at once: what is not written yet cannot be read."""
    body = body_of(event(id="evt_first"))
    client.deliver(body, header(body))
    client.follow()
    order = client.items("/v1/orders")[0]["id"]
    started = time.monotonic()

    refused = client.get(f"/v1/orders/{order}?min_position=9000000000000000000&wait_ms=10000")

    assert (refused.status_code, time.monotonic() - started < 5) == (503, True)
