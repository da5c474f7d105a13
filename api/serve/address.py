"""Where the server listens: bound before anything is started, and held until the end."""

from __future__ import annotations

import errno
import os
import socket
from http.client import HTTPConnection, HTTPException

from ledger import LedgerError

__all__ = ["AddressTaken", "accepts_connections", "answers", "free_port", "host_port", "listen"]


class AddressTaken(LedgerError):
    """Another process listens there already, or the machine has no such address."""


def listen(host: str, port: int, *, setting: str = "--port") -> socket.socket:
    """A socket that listens there; ``setting`` is what the user would change.

    The processes that serve get this very socket. If each bound its own by SO_REUSEPORT, the
    system would let a second ledger listen beside the first, and share the requests among them.
    Connections that come before a process accepts them wait.
    """
    family, address = _resolve(host, port)
    listener = socket.socket(family)
    # After a restart, connections of the predecessor may still be ending.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        # Two may be bound to an address, as long as neither listens.
        listener.listen()
    except OSError as error:
        listener.close()
        hint = ""
        if error.errno == errno.EADDRINUSE:
            hint = f"; something listens there: stop it or choose another with {setting}"
        reason = os.strerror(error.errno or 0)
        raise AddressTaken(f"cannot listen on {host_port(host, port)}: {reason}{hint}") from None
    listener.setblocking(False)
    return listener


def accepts_connections(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=0.2).close()
    except OSError:
        return False
    return True


def answers(host: str, port: int) -> bool:
    """Whether an HTTP server answers there, whatever it says.

    A ledger that starts accepts connections at once, and answers when it has loaded.
    """
    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/livez")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nothing listens at the moment."""
    with socket.socket() as trial:
        trial.bind((host, 0))
        port: int = trial.getsockname()[1]
    return port


def host_port(host: str, port: int) -> str:
    """`host:port` as in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise AddressTaken(f"cannot listen on {host_port(host, port)}: {error.strerror}") from None
    return family, str(address[0])
