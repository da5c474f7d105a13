"""A receiver of notifications, to try them with: it verifies each and describes it in a line."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

__all__ = ["Receiver", "line_of"]

_BODY_BYTES_MAX = 8 << 20
_IDLE_SECONDS = 60
# The first of them that a row has is its amount.
_AMOUNTS = ("amount", "total")
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


class Receiver(ThreadingHTTPServer):
    """Calls ``show`` with a line for each request to a listener; keeps nothing.

    It answers 204, or 401 where a signature is wrong. Without a ``webhook`` nothing is verified.
    """

    daemon_threads = True

    def __init__(self, listener: socket.socket, show: Callable[[str], None]) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.port: int = listener.getsockname()[1]
        self.show = show
        self.webhook: Webhook | None = None

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer a request with; what it is about is shown."""
        try:
            if self.webhook is not None:
                self.webhook.verify(body, headers, json_parse=False)
        # The library lets the errors through of a signature that is none.
        except (WebhookVerificationError, ValueError) as error:
            self.show(f"refused with 401: {_printable(error)}")
            return 401
        try:
            line = line_of(json.loads(body))
        except (ValueError, LookupError, TypeError, AttributeError):
            self.show("refused with 400: this is no notification")
            return 400
        self.show(line)
        return 204

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever sends may end a connection whenever it wants."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: Receiver

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= _BODY_BYTES_MAX):
            self.server.show("refused with 413: a body of unknown length, or too large")
            self.close_connection = True
            self._answer(413)
            return
        self._answer(self.server.answer(dict(self.headers.items()), self.rfile.read(int(length))))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Each request has its line already."""


def line_of(notification: Any) -> str:
    """A notification in a line; raises ``LookupError`` or ``TypeError`` where it is none."""
    data = notification["data"]
    row = data["object"] or {}
    parts = [notification["type"], row.get("id"), row.get("status"), *_amount(row), data["id"]]
    if data["ordinal"] > 1:
        parts.append(f"(time {data['ordinal']})")
    if data["late"]:
        parts.append("(late)")
    if not data["holds"]:
        parts.append("(no longer so)")
    return _printable(" ".join(str(part) for part in parts if part is not None))


def _amount(row: Mapping[str, Any]) -> list[Any]:
    amount = next((row[name] for name in _AMOUNTS if row.get(name) is not None), None)
    return [] if amount is None else [amount, row.get("currency")]


def _printable(text: object) -> str:
    """Without what would steer a terminal: anybody on this machine may send."""
    return "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(text)
    )
