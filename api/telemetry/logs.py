"""Structured logs: one JSON object (or one readable line) per thing that happened, on stderr."""

from __future__ import annotations

import random
import sys
import threading
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from api.telemetry.deferred import Deferred

log: structlog.stdlib.BoundLogger = structlog.get_logger("ledger")

# What a pipe takes in one piece: lines of several processes do not run into each other.
_PIECE_CHARACTERS_MAX = 4096

# Where nobody reads stderr, requests wait for it themselves before memory fills.
_GATHERED_MAX = 10_000


class _Stderr:
    """Looks stderr up for each line: who replaced it meanwhile gets the line."""

    def msg(self, line: str) -> None:
        _write(line + "\n")

    debug = info = warning = error = critical = msg


class _Gathered:
    """Writes what happens often together with what happens in the same moment.

    Under load a write per line costs a request more than all that is written. What is worth a
    warning is on stderr, with all before it, when the call returns.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._gate = threading.Lock()
        self._deferred = Deferred(self.flush)

    def info(self, line: str) -> None:
        self._lines.append(line)
        self._deferred.ask()
        if len(self._lines) > _GATHERED_MAX:
            self.flush()

    def warning(self, line: str) -> None:
        self._lines.append(line)
        self.flush()

    debug = msg = info
    error = critical = warning

    def flush(self) -> None:
        """Write what was gathered so far, in its order."""
        with self._gate:
            piece = ""
            while self._lines:
                line = self._lines.popleft() + "\n"
                if len(piece) + len(line) > _PIECE_CHARACTERS_MAX:
                    _write(piece)
                    piece = ""
                piece += line
            _write(piece)


def _write(text: str) -> None:
    # A log that nobody can write any more is no reason to refuse a fact.
    with suppress(OSError, ValueError):
        sys.stderr.write(text)


def configure(log_format: str, *, gather: bool = False) -> None:
    """Set the process's logs up: "json", or "console" for a person at a terminal.

    With ``gather``, lines below a warning are written a moment later, many in one piece.
    """
    logger = _Gathered() if gather else _Stderr()
    processors: list[structlog.typing.Processor] = [_json]
    if log_format == "console":
        processors = [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=lambda *_: logger,
        cache_logger_on_first_use=True,
    )


def _json(_: Any, level: str, line: structlog.typing.EventDict) -> str:
    """One step for what would be three: it is taken for every delivery."""
    line["level"] = level
    line["timestamp"] = datetime.now(UTC)
    return _encoder.encode(line).decode()


_encoder = msgspec.json.Encoder(enc_hook=repr)


def begin_request() -> None:
    """Give the request that begins here its id: ours, for the sender's could hold anything."""
    # It has to be unlike any other, not hard to guess; a forked process begins anew.
    _request_id.set(f"req_{random.getrandbits(128):032x}")


def request_id() -> str:
    """The id of the request that is answered in this thread."""
    return _request_id.get()


_request_id: ContextVar[str] = ContextVar("request_id")
