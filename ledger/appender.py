"""Group commit: many requests hand over, one thread commits what waits, each learns its fate."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from ledger.errors import QueueFull, StoreUnavailable
from ledger.event import Delivery
from ledger.store import Appended, Ledger
from ledger.store.application import Rejected

__all__ = ["Appender"]


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    future: Future[Appended]


class Appender:
    """One thread that appends for all request threads of a process.

    It takes what waits, up to ``batch_max``, without any delay of its own: a lone request is
    committed at once, and while one commit runs the next batch gathers. ``on_batch`` is told
    each batch's size and seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        queue_max: int = 1000,
        batch_max: int = 256,
        on_batch: Callable[[int, float], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._batch_max = batch_max
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._queue_max = queue_max
        self._on_batch = on_batch
        self._closed = False
        # Nothing may be put behind the sign that ends the thread.
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """How many deliveries wait."""
        return self._queue.qsize()

    def submit(self, delivery: Delivery) -> Future[Appended]:
        """Hand over a delivery; its future fails with ``StoreUnavailable`` if it is not durable.

        Raises ``QueueFull`` at once when too many wait or the appender is closed.
        """
        future: Future[Appended] = Future()
        with self._gate:
            if self._closed or self._queue.qsize() >= self._queue_max:
                raise QueueFull("too many deliveries wait to be written")
            self._queue.put(_Waiting(delivery, future))
        return future

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._drain(first)
            started = time.perf_counter()
            # Who gave up waiting is not written for; who did not is answered from here on.
            wanted = [one for one in batch if one.future.set_running_or_notify_cancel()]
            if wanted:
                self._append(wanted)
                self._tell(len(wanted), time.perf_counter() - started)
            if ended:
                return

    def _drain(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < self._batch_max:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _tell(self, size: int, seconds: float) -> None:
        if self._on_batch is None:
            return
        try:
            self._on_batch(size, seconds)
        except Exception as error:
            # A counter that fails must not end the thread that all requests wait for.
            warnings.warn(f"on_batch failed: {type(error).__name__}", stacklevel=2)

    def _append(self, batch: list[_Waiting]) -> None:
        try:
            answers = self._ledger.append([waiting.delivery for waiting in batch])
        except Rejected as rejected:
            if len(batch) == 1:
                batch[0].future.set_exception(rejected)
            else:
                # One bad row fails alone.
                for waiting in batch:
                    self._append([waiting])
        except StoreUnavailable as unavailable:
            self._fail(batch, unavailable)
        except Exception as error:
            # Whatever it was, no request may wait for ever on a thread that died of it.
            self._fail(batch, StoreUnavailable(f"the append failed: {type(error).__name__}"))
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.future.set_result(answer)

    @staticmethod
    def _fail(batch: list[_Waiting], error: StoreUnavailable) -> None:
        for waiting in batch:
            waiting.future.set_exception(error)
