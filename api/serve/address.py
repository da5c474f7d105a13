"""Where the server listens: resolved, and checked to be free, before anything is started."""

from __future__ import annotations

import errno
import os
import socket

from ledger import LedgerError

__all__ = ["AddressTaken", "accepts_connections", "claim", "free_port", "host_port"]


class AddressTaken(LedgerError):
    """Another process listens there already, or the machine has no such address."""


def claim(host: str, port: int) -> str:
    """Resolve a host name; raises `AddressTaken` where the server could not listen.

    The workers share their port by SO_REUSEPORT, so the system would let a second ledger listen
    beside the first, and each would get some of the requests. Binding once without it shows that.
    """
    family, address = _resolve(host, port)
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            hint = ""
            if error.errno == errno.EADDRINUSE:
                hint = "; something listens there: stop it or choose another with --port"
            reason = os.strerror(error.errno or 0)
            raise AddressTaken(
                f"cannot listen on {host_port(host, port)}: {reason}{hint}"
            ) from None
    return address


def accepts_connections(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=0.2).close()
    except OSError:
        return False
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
