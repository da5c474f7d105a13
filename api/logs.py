"""Structured logs: one JSON object (or one readable line) per thing that happened, on stderr."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from flask import g

log: structlog.stdlib.BoundLogger = structlog.get_logger("ledger")


class _Stderr:
    """Looks stderr up for each line: who replaced it meanwhile gets the line."""

    def msg(self, line: str) -> None:
        # A log that nobody can write any more is no reason to refuse a fact.
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = msg


def _factory(*_: Any) -> _Stderr:
    return _Stderr()


def configure(log_format: str) -> None:
    """Set the process's logs up: "json", or "console" for a person at a terminal."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(_json)
    if log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=_factory,
        cache_logger_on_first_use=True,
    )


def _json(line: Any, **_: Any) -> str:
    return msgspec.json.encode(line, enc_hook=repr).decode()


def request_id() -> str:
    """This request's id: ours, never the sender's, for the sender's could hold anything."""
    if "request_id" not in g:
        g.request_id = f"req_{uuid4().hex}"
    return str(g.request_id)
