"""Structured logs on stderr: one JSON object, or one line for a person, per log event."""

from __future__ import annotations

import random
import sys
import threading
import warnings
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from api.telemetry.deferred import Deferred

log: structlog.stdlib.BoundLogger = structlog.get_logger("ledger")

# A pipe takes this much in one write: lines of several processes do not run into each other.
_WRITE_CHARACTERS_MAX = 4096

# Beyond this, requests write the lines themselves: if nobody reads stderr they wait, and memory
# does not fill.
_BUFFERED_LINES_MAX = 10_000


class _Stderr:
    """Writes each line at once, to whatever ``sys.stderr`` is by then."""

    def msg(self, line: str) -> None:
        _write(line + "\n")

    debug = info = warning = error = critical = msg


class _BufferedStderr:
    """Writes lines a moment later, many in one write; a warning and all before it at once.

    Under load, a write per line costs a request more than composing the line does.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._lock = threading.Lock()
        self._deferred = Deferred(self.flush)

    def info(self, line: str) -> None:
        self._lines.append(line)
        self._deferred.schedule()
        if len(self._lines) > _BUFFERED_LINES_MAX:
            self.flush()

    def warning(self, line: str) -> None:
        self._lines.append(line)
        self.flush()

    debug = msg = info
    error = critical = warning

    def flush(self) -> None:
        """Write all buffered lines, in order."""
        with self._lock:
            text = ""
            while self._lines:
                line = self._lines.popleft() + "\n"
                if len(text) + len(line) > _WRITE_CHARACTERS_MAX:
                    _write(text)
                    text = ""
                text += line
            _write(text)


def _write(text: str) -> None:
    # A log that can no longer be written is no reason to refuse an event.
    with suppress(OSError, ValueError):
        sys.stderr.write(text)


def configure(log_format: str, *, buffered: bool = False) -> None:
    """Set up this process's logs: "json", or "console" for a person at a terminal.

    With ``buffered``, lines below a warning are written a moment later, many in one write.
    """
    logger = _BufferedStderr() if buffered else _Stderr()
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
        # For good, then: only where a line per delivery has to be cheap.
        cache_logger_on_first_use=buffered,
    )
    warnings.showwarning = _log_warning


def _log_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning of the code, like that of a row that cannot be stored, is a line as any other."""
    try:
        log.warning("warning", message=str(message))
    except Exception:  # it may be that of a log that fails
        _write(f"{message}\n")


def _json(_: Any, level: str, line: structlog.typing.EventDict) -> str:
    """Add level and time and encode, in one processor: it runs for every delivery."""
    line["level"] = level
    line["timestamp"] = datetime.now(UTC)
    return _encoder.encode(line).decode()


_encoder = msgspec.json.Encoder(enc_hook=repr)


def warn_once(name: str, **values: Any) -> None:
    """Warn of what goes on once it has begun, the first time in this process."""
    if name not in _warned:
        _warned.add(name)
        log.warning(name, **values)


_warned: set[str] = set()


def begin_request() -> None:
    """Give the request of this thread a new id; one sent by the client could hold anything."""
    # It has to be unique, not hard to guess; after a fork the generator is seeded again.
    _request_id.set(f"req_{random.getrandbits(128):032x}")


def request_id() -> str:
    """The id of the request that this thread is handling."""
    return _request_id.get()


_request_id: ContextVar[str] = ContextVar("request_id")
