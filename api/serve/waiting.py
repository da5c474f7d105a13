"""How deliveries wait in an event loop: for their bodies, and for the appender."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from wsgiref.types import WSGIEnvironment

from granian._granian import RSGIHTTPProtocol as HTTPProtocol
from granian._granian import RSGIProtocolClosed as ProtocolClosed
from granian._granian import RSGIProtocolError as ProtocolError

from api.ingest.body import Refusal, Refused, declared_length
from api.ingest.webhook import APPEND_SECONDS_MAX
from api.serve.deadline import Deadline
from ledger import Appended, Appender, Delivery, QueueFull

__all__ = ["InLoop", "Loop"]

# A body that is too large is read a bit further: usually that is all of it, and a client that is
# still sending would see a reset instead of the response.
_BEYOND_BYTES = 64 * 1024
# What larger bodies may have sent together before they are whole. Beyond it they are refused with
# a 503, for a stranger could fill the memory; most of Stripe's bodies are small, and go on.
_SMALL_BYTES = 32 * 1024
_LARGE_BYTES_MAX = 128 * 1024 * 1024


class Loop:
    """An event loop with what all its deliveries share."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, body_seconds: float) -> None:
        self.loop = loop
        self.body_deadline = Deadline(loop, body_seconds)
        self.append_deadline = Deadline(loop, APPEND_SECONDS_MAX)
        self.large_bytes = 0
        self._done: deque[asyncio.Future[None]] = deque()
        self._is_waking = False

    def wake(self, future: asyncio.Future[None]) -> None:
        """Set a future from another thread; many at once, for each wake-up costs a system call."""
        self._done.append(future)
        if not self._is_waking:
            self._is_waking = True
            # A loop that has ended has no requests that wait.
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._set_done)

    def _set_done(self) -> None:
        # Before the futures are taken: whoever appends one from here on wakes the loop again.
        self._is_waking = False
        while self._done:
            future = self._done.popleft()
            if not future.done():
                future.set_result(None)


class InLoop:
    """How one delivery waits, without a thread of its own."""

    def __init__(self, loop: Loop, protocol: HTTPProtocol) -> None:
        self._loop = loop
        self._protocol = protocol

    async def body(self, environ: WSGIEnvironment, limit_bytes: int, seconds: float) -> bytes:
        """The whole body; raises ``Refused``, or ``QueueFull`` where too much arrives at once."""
        expected = declared_length(environ)
        is_small = expected is not None and expected <= min(limit_bytes, _SMALL_BYTES)
        read = self._read_all() if is_small else self._read_chunks(limit_bytes)
        try:
            return await self._loop.body_deadline.limit(read)
        except TimeoutError:
            raise Refused(Refusal.TOO_SLOW) from None
        except (ProtocolClosed, ProtocolError):
            raise Refused(Refusal.INCOMPLETE) from None

    async def appended(self, appender: Appender, delivery: Delivery, seconds: float) -> Appended:
        """The result of the append; raises ``TimeoutError`` and what the appender raises."""
        done = self._loop.loop.create_future()
        pending = appender.submit(delivery, partial(self._loop.wake, done))
        await self._loop.append_deadline.limit(done)
        return pending.result(0)

    async def _read_all(self) -> bytes:
        return await self._protocol()

    async def _read_chunks(self, limit_bytes: int) -> bytes:
        body, ends = bytearray(), 0
        try:
            async for chunk in self._protocol:
                body += chunk
                # The end is an empty chunk, and so is an error before it.
                ends += not chunk
                self._loop.large_bytes += len(chunk)
                if self._loop.large_bytes > _LARGE_BYTES_MAX:
                    raise QueueFull("too many large bodies arrive")
                if len(body) > limit_bytes + _BEYOND_BYTES:
                    break
        finally:
            self._loop.large_bytes -= len(body)
        if len(body) > limit_bytes:
            raise Refused(Refusal.TOO_LARGE)
        if ends > 1:
            raise Refused(Refusal.INCOMPLETE)
        return bytes(body)
