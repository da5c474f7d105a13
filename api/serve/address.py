"""Where the server listens: found, and seen to be free, before anything is started."""

from __future__ import annotations

import errno
import os
import socket

from ledger import LedgerError

__all__ = ["AddressTaken", "answers", "claim", "shown"]


class AddressTaken(LedgerError):
    """Somebody listens there already, or the machine has no such address."""


def claim(host: str, port: int) -> str:
    """The address that a host name stands for; raises `AddressTaken` where nobody could listen.

    The workers share their port by SO_REUSEPORT: a second server's would be let in silently, and
    the two would take turns. Binding once without it tells.
    """
    family, address = _resolve(host, port)
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            hint = ""
            if error.errno == errno.EADDRINUSE:
                hint = "; something listens there: end it or choose another with --port"
            reason = os.strerror(error.errno or 0)
            raise AddressTaken(f"cannot listen on {shown(host, port)}: {reason}{hint}") from None
    return address


def answers(host: str, port: int) -> bool:
    """Whether connections are taken."""
    try:
        socket.create_connection((host, port), timeout=0.2).close()
    except OSError:
        return False
    return True


def shown(host: str, port: int) -> str:
    """`host:port` as in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise AddressTaken(f"cannot listen on {shown(host, port)}: {error.strerror}") from None
    return family, str(address[0])
