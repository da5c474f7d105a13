"""What others keep beside the log, and an export carries along as members of its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

__all__ = ["Attached", "Members", "Restore"]

# Members of a line beside the log's own, which a program that does not know them ignores.
Members = Mapping[str, Any]

# Takes the lines of a whole export, once its log is there; None where the log is another one.
Restore = Callable[[Iterator[Members] | None], None]


class Attached(Protocol):
    """What an export carries along."""

    def of_entries(self, after: int, upto: int) -> Mapping[int, Members]:
        """Members of the entries behind a position, up to another, by position."""

    def of_end(self) -> Members:
        """Members of the line after the last entry."""
