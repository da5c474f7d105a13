"""What the notifier and a process of handlers say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import URL

from api.notify.claims import Claimed

__all__ = ["ERROR_CHARACTERS", "Answer", "Done", "Locked", "Refused", "Start", "Started", "Task"]

# As many of an error are kept with its attempt.
ERROR_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Start:
    """The notifier's first: which module, and the database of deliveries and of effects."""

    module: str
    url: URL
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Started:
    """The module was imported; its handlers' patterns of types."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The module cannot be used; the reason is a line."""

    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """A claimed delivery for the handler of a pattern."""

    pattern: str
    claimed: Claimed


@dataclass(frozen=True, slots=True)
class Locked:
    """The handler's transaction holds the lock of SQLite's file from now on."""


@dataclass(frozen=True, slots=True)
class Done:
    """A handler has ended, with an error or without."""

    error: str | None


Answer = Started | Refused | Locked | Done
