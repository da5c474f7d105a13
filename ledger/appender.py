"""Group commit: many requests hand over, one thread commits what waits, each learns its fate."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Callable

from ledger.errors import QueueFull, StoreUnavailable
from ledger.event import Delivery
from ledger.store import Appended, Ledger
from ledger.store.application import Rejected

__all__ = ["Appender", "Pending"]


class Pending:
    """A delivery that was handed over, and what becomes of it.

    A future of few words: one lock, where the library's makes two and a condition of each.
    """

    __slots__ = ("_answer", "_error", "_latch", "delivery")

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self._answer: Appended | None = None
        self._error: StoreUnavailable | None = None
        self._latch = threading.Lock()
        self._latch.acquire()

    def result(self, timeout: float | None = None) -> Appended:
        """What became of it, or why nothing did; ``TimeoutError`` when that takes longer."""
        error = self.exception(timeout)
        if error is not None:
            raise error
        assert self._answer is not None
        return self._answer

    def exception(self, timeout: float | None = None) -> StoreUnavailable | None:
        """Why it is not in the log; None when it is."""
        if not self._latch.acquire(timeout=-1 if timeout is None else timeout):
            raise TimeoutError("the append takes too long")
        self._latch.release()
        return self._error

    def done(self) -> bool:
        """Whether the answer is there."""
        return not self._latch.locked()

    def tell(self, answer: Appended) -> None:
        """It is durable."""
        self._answer = answer
        self._latch.release()

    def fail(self, error: StoreUnavailable) -> None:
        """It is not, or nobody knows."""
        self._error = error
        self._latch.release()


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
        queue_max: int = 128,
        batch_max: int = 256,
        on_batch: Callable[[int, float], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._batch_max = batch_max
        self._queue: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        self._queue_max = queue_max
        self._on_batch = on_batch
        self._closed = False
        self._unanswered = 0
        # Nothing may be put behind the sign that ends the thread.
        self._gate = threading.Lock()
        # It begins with the first delivery: a server may fork before that.
        self._thread: threading.Thread | None = None

    @property
    def depth(self) -> int:
        """How many deliveries wait, those that are being written included."""
        return self._unanswered

    def submit(self, delivery: Delivery) -> Pending:
        """Hand over a delivery; its result is ``StoreUnavailable`` if it is not durable.

        Raises ``QueueFull`` at once when too many wait or the appender is closed.
        """
        pending = Pending(delivery)
        with self._gate:
            if self._closed or self._unanswered >= self._queue_max:
                raise QueueFull("too many deliveries wait to be written")
            self._unanswered += 1
            self._queue.put(pending)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
                self._thread.start()
        return pending

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._drain(first)
            started = time.perf_counter()
            self._append(batch)
            self._tell(len(batch), time.perf_counter() - started)
            if ended:
                return

    def _drain(self, first: Pending) -> tuple[list[Pending], bool]:
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

    def _append(self, batch: list[Pending]) -> None:
        try:
            answers = self._ledger.append([waiting.delivery for waiting in batch])
        except Rejected as rejected:
            if len(batch) == 1:
                self._fail(batch, rejected)
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
            self._leave(len(batch))
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.tell(answer)

    def _fail(self, batch: list[Pending], error: StoreUnavailable) -> None:
        self._leave(len(batch))
        for waiting in batch:
            waiting.fail(error)

    def _leave(self, count: int) -> None:
        """Make blueprint, before anybody hears an answer and comes back with the next delivery."""
        with self._gate:
            self._unanswered -= count
