"""Group commit: one thread commits the deliveries of many requests, and each gets its result."""

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

# With one body more, of the greatest size that can be configured (64 MB), a batch takes some two
# seconds: 500 MB met the limit of an append's statements, before PostgreSQL's of 1 GB to a value.
_BATCH_BYTES = 16 << 20


class Pending:
    """A delivery that waits to be written: a future for its ``Appended``.

    It has one lock, where the standard library's future has two and a condition of each.
    ``on_done`` is called by the appending thread once the result, or the error, is there.
    """

    __slots__ = ("_appended", "_error", "_latch", "_on_done", "delivery")

    def __init__(self, delivery: Delivery, on_done: Callable[[], None] | None = None) -> None:
        self.delivery = delivery
        self._on_done = on_done
        self._appended: Appended | None = None
        self._error: StoreUnavailable | None = None
        self._latch = threading.Lock()
        self._latch.acquire()

    def result(self, timeout: float | None = None) -> Appended:
        """The result of the append, once it is durable.

        Raises ``StoreUnavailable`` where the delivery was not written, and ``TimeoutError`` after
        ``timeout`` seconds.
        """
        error = self.exception(timeout)
        if error is not None:
            raise error
        assert self._appended is not None
        return self._appended

    def exception(self, timeout: float | None = None) -> StoreUnavailable | None:
        """Why the delivery was not written; None where it was.

        Raises ``TimeoutError`` after ``timeout`` seconds.
        """
        if not self._latch.acquire(timeout=-1 if timeout is None else timeout):
            raise TimeoutError("the append takes too long")
        self._latch.release()
        return self._error

    def is_done(self) -> bool:
        """Whether the result, or the error, is there."""
        return not self._latch.locked()

    def succeed(self, appended: Appended) -> None:
        """Set the result: the delivery is durable."""
        self._appended = appended
        self._finish()

    def fail(self, error: StoreUnavailable) -> None:
        """Set the error: the delivery is not durable, or it is unknown whether it is."""
        self._error = error
        self._finish()

    def _finish(self) -> None:
        self._latch.release()
        if self._on_done is not None:
            self._on_done()


class Appender:
    """One thread that appends for all request threads of a process.

    It takes what waits, up to ``batch_max`` deliveries or until their bodies have ``batch_bytes``,
    without any delay of its own: a lone request is committed at once, and while one commit runs
    the next batch gathers. At most ``queue_max`` deliveries wait. ``on_batch`` is called with each
    batch's size and seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        queue_max: int = 128,
        batch_max: int = 256,
        batch_bytes: int = _BATCH_BYTES,
        on_batch: Callable[[int, float], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._batch_max, self._batch_bytes = batch_max, batch_bytes
        self._queue: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        self._queue_max = queue_max
        self._on_batch = on_batch
        self._closed = False
        self._pending = 0
        # Nothing may be put behind the None that ends the thread.
        self._gate = threading.Lock()
        # It starts with the first delivery: a server may fork before that.
        self._thread: threading.Thread | None = None

    @property
    def depth(self) -> int:
        """How many deliveries wait, those that are being written included."""
        return self._pending

    def submit(self, delivery: Delivery, on_done: Callable[[], None] | None = None) -> Pending:
        """Queue a delivery; its result raises ``StoreUnavailable`` where it is not durable.

        ``on_done`` is called when it is there, by the appending thread, so it must neither raise
        nor wait. Raises ``QueueFull`` at once when too many wait or the appender is closed.
        """
        pending = Pending(delivery, on_done)
        with self._gate:
            if self._closed or self._pending >= self._queue_max:
                raise QueueFull("too many deliveries wait to be written")
            self._pending += 1
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
            self._report(len(batch), time.perf_counter() - started)
            if ended:
                return

    def _drain(self, first: Pending) -> tuple[list[Pending], bool]:
        batch, size = [first], len(first.delivery.body)
        while len(batch) < self._batch_max and size < self._batch_bytes:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
            size += len(waiting.delivery.body)
        return batch, False

    def _report(self, size: int, seconds: float) -> None:
        if self._on_batch is None:
            return
        try:
            self._on_batch(size, seconds)
        except Exception as error:
            # A metric that fails must not end the thread that all requests wait for.
            warnings.warn(f"on_batch failed: {type(error).__name__}", stacklevel=2)

    def _append(self, batch: list[Pending]) -> None:
        try:
            results = self._ledger.append([pending.delivery for pending in batch])
        except Rejected as rejected:
            if len(batch) == 1:
                self._fail(batch, rejected)
            else:
                # One bad row fails alone.
                for pending in batch:
                    self._append([pending])
        except StoreUnavailable as unavailable:
            self._fail(batch, unavailable)
        except Exception as error:
            # Whatever it was, no request may wait for ever for a thread that died of it.
            self._fail(batch, StoreUnavailable(f"the append failed: {type(error).__name__}"))
        else:
            self._release(len(batch))
            for pending, appended in zip(batch, results, strict=True):
                pending.succeed(appended)

    def _fail(self, batch: list[Pending], error: StoreUnavailable) -> None:
        self._release(len(batch))
        for pending in batch:
            pending.fail(error)

    def _release(self, count: int) -> None:
        """Free places in the queue, before anybody gets a result and submits the next delivery."""
        with self._gate:
            self._pending -= count
