"""Administrative acts: one log line each, which says who did what."""

from __future__ import annotations

from typing import Any

from api.telemetry import logs

__all__ = ["COMMAND_LINE", "log_act"]

COMMAND_LINE = "command line"


def log_act(act: str, *, by: str, key_id: str | None = None, **what: Any) -> None:
    """Log that ``by`` (a key's name, or the command line) has done or requested something."""
    logs.log.info("administrative_act", act=act, by=by, key_id=key_id, **what)
