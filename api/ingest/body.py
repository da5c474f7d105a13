"""Read a request body up to a size limit, whatever the server and the framing."""

from __future__ import annotations

import re
import time
from enum import Enum
from typing import Any

from api import problems
from api.problems import ProblemType

_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_CHUNK_BYTES = 64 * 1024


class Refusal(Enum):
    """Why a delivery is refused before its signature is checked."""

    NOT_HTTPS = "not_https"
    CONTENT_TYPE = "content_type"
    CONTENT_ENCODING = "content_encoding"
    NO_LENGTH = "no_length"
    BAD_LENGTH = "bad_length"
    TOO_LARGE = "too_large"
    INCOMPLETE = "incomplete"
    TOO_SLOW = "too_slow"


_PROBLEM_TYPES = {
    Refusal.NOT_HTTPS: problems.HTTPS_REQUIRED,
    Refusal.CONTENT_TYPE: problems.UNSUPPORTED_MEDIA_TYPE,
    Refusal.CONTENT_ENCODING: problems.UNSUPPORTED_MEDIA_TYPE,
    Refusal.NO_LENGTH: problems.LENGTH_REQUIRED,
    Refusal.BAD_LENGTH: problems.BAD_REQUEST,
    Refusal.TOO_LARGE: problems.TOO_LARGE,
    Refusal.INCOMPLETE: problems.BAD_REQUEST,
    Refusal.TOO_SLOW: problems.TOO_SLOW,
}


class Refused(Exception):
    """The delivery is refused, for a reason that decides the response."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason

    @property
    def problem_type(self) -> ProblemType:
        """The problem that the sender gets as the response."""
        return _PROBLEM_TYPES[self.reason]


def read_body(environ: dict[str, Any], limit_bytes: int, seconds: float) -> bytes:
    """The whole body; raises ``Refused`` if it is too long, incomplete or of unknown length.

    It bypasses Werkzeug, which silently truncates a chunked body at its limit. The time is looked
    at between two reads, for a WSGI server's read cannot be interrupted.
    """
    expected = declared_length(environ)
    bytes_max = limit_bytes + 1 if expected is None else min(expected, limit_bytes + 1)
    deadline = time.monotonic() + seconds
    body = _read(environ, bytes_max, deadline)
    if len(body) > limit_bytes:
        if expected is None:
            _read(environ, _CHUNK_BYTES, deadline)  # usually the rest, for the reason below
        # Refused after reading, not before: a client still sending would see a reset, not the 413.
        raise Refused(Refusal.TOO_LARGE)
    if expected is not None and len(body) < expected:
        raise Refused(Refusal.INCOMPLETE)
    return body


def declared_length(environ: dict[str, Any]) -> int | None:
    """The Content-Length; None for a chunked body, whose end the server recognises."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        if environ.get("wsgi.input_terminated"):
            return None
        raise Refused(Refusal.NO_LENGTH)
    length = environ.get("CONTENT_LENGTH") or ""
    if not length:
        raise Refused(Refusal.NO_LENGTH)
    if not _LENGTH.fullmatch(length):
        raise Refused(Refusal.BAD_LENGTH)
    return int(length)


def _read(environ: dict[str, Any], bytes_max: int, deadline: float) -> bytes:
    stream, body = environ["wsgi.input"], bytearray()
    try:
        while len(body) < bytes_max:
            if time.monotonic() > deadline:
                raise Refused(Refusal.TOO_SLOW)
            chunk = stream.read(min(_CHUNK_BYTES, bytes_max - len(body)))
            if not chunk:
                break
            body += chunk
    except (OSError, ValueError):  # the client disconnected, or its chunks are malformed
        raise Refused(Refusal.INCOMPLETE) from None
    return bytes(body)
