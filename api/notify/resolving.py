"""Resolving names in limited time: the system's resolver takes as long as it likes."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Sequence
from typing import Any

__all__ = ["resolve"]

Resolved = Sequence[tuple[Any, Any, int, str, tuple[Any, ...]]]


def resolve(host: str, port: int, seconds: float) -> Resolved:
    """A host's addresses as ``socket.getaddrinfo`` returns them.

    Raises ``TimeoutError`` after so many seconds; the resolver cannot be interrupted, and is left
    to itself. Raises what it raises.
    """
    if _is_address(host):
        return _lookup(host, port)
    answers: queue.Queue[Resolved | OSError | UnicodeError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(_lookup(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _lookup(host: str, port: int) -> Resolved:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
