"""The time and the place of one request: it ends in time, and connects only where it may."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from api.notify.addresses import Networks
from api.notify.errors import AddressRefused
from api.notify.resolving import resolve

__all__ = ["Call", "Deadlines", "current_call"]

_LOOK_SECONDS = 0.1


class Call:
    """A request by this thread: where it may connect, and until when it may last."""

    def __init__(self, networks: Networks, seconds: float) -> None:
        self._networks = networks
        self.deadline = time.monotonic() + seconds
        self.is_over = False
        self.is_done = False
        # Whether it made a connection, instead of using one that was kept alive.
        self.has_connected = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def seconds_left(self) -> float:
        """How long it may still last; raises ``TimeoutError`` at its end."""
        left = self.deadline - time.monotonic()
        if left <= 0 or self.is_over:
            self.is_over = True
            raise TimeoutError
        return left

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to a host, made only to an address that is allowed.

        The name is resolved once: what is judged is what is connected to. Raises
        ``AddressRefused`` where none of its addresses is allowed, and ``OSError``.
        """
        self.has_connected = True
        problem: Exception = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in resolve(host, port, self.seconds_left()):
            refusal = self._networks.refusal(str(address[0]))
            if refusal is not None:
                problem = AddressRefused(f"{host} leads to where nothing is sent: {refusal}")
                continue
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.seconds_left())
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.connect(address)
            except OSError as error:
                connection.close()
                problem = error
                continue
            connection.settimeout(self.seconds_left())
            return connection
        raise problem

    def watch(self, connection: socket.socket | None) -> None:
        """Shut this connection at the end of the time."""
        with self._lock:
            self._socket = connection
        self.seconds_left()

    def end(self) -> None:
        """The request is over; its connection is kept alive for others."""
        with self._lock:
            self.is_done = True
            self._socket = None

    def cut(self) -> None:
        """Its time is over: whoever reads from the connection reads its end."""
        with self._lock:
            if self.is_done:
                return
            self.is_over = True
            if self._socket is not None:
                try:
                    # Not TLS's own shutdown, which would talk to the other side first.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
                except OSError:
                    return  # it was closed already


class Deadlines:
    """Cuts calls whose time is over: a timeout of a socket is for each of its waits, and a receiver
    that sends a byte every ten seconds would never meet one."""

    def __init__(self, networks: Networks, seconds: float) -> None:
        self._networks = networks
        self._seconds = seconds
        # All last equally long: the first to begin is the first to end.
        self._calls: deque[Call] = deque()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="deadlines", daemon=True).start()

    @contextmanager
    def call(self) -> Iterator[Call]:
        """The call that this thread makes."""
        call = Call(self._networks, self._seconds)
        self._calls.append(call)
        _current.call = call
        try:
            yield call
        finally:
            call.end()
            del _current.call

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            seconds = time.monotonic()
            while self._calls and (self._calls[0].is_done or self._calls[0].deadline <= seconds):
                self._calls.popleft().cut()


class _Current(threading.local):
    call: Call


_current = _Current()


def current_call() -> Call:
    """The call that this thread makes."""
    return _current.call
