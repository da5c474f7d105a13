"""What an export is of: a book, up to a date, as known at a position; and what it consists of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from projections.errors import ProjectionError
from projections.journal.entry import Book, Entry

__all__ = ["Day", "ExportError", "Part", "Statement", "day", "moment", "printable"]

Day = str


class ExportError(ProjectionError):
    """Entries that are not of the book, not in order, or that a format has no place for."""


class Part(NamedTuple):
    """A piece of text, and the file that it is the next piece of; "" where there is but one."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What is exported: money of a book dated before ``before``, as known at ``at_position``.

    ``rules_version`` names the rules that its entries follow. ``before`` is None without an end.
    """

    book: Book
    at_position: int
    before: int | None
    rules_version: int

    @property
    def title(self) -> str:
        """What it says above everything else."""
        account = printable(self.book.account or "the ledger's own account")
        mode = "live mode" if self.book.livemode else "test mode"
        until = "" if self.before is None else f", money before {moment(self.before)} UTC"
        return (
            f"Journal of {account}, {mode}{until}, as known at position {self.at_position};"
            f" rules {self.rules_version}"
        )

    def checked(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries; raises ExportError where they are not this statement's, oldest first."""
        last = None
        for entry in entries:
            date = entry.posting.date
            if entry.posting.book != self.book or not self._shows(entry):
                raise ExportError(f"{entry.id} is not a part of: {self.title}")
            if last is not None and date < last:
                raise ExportError(f"{entry.id} is older than the entry before it")
            last = date
            yield entry

    def _shows(self, entry: Entry) -> bool:
        until = entry.known_until
        return (
            entry.known_from <= self.at_position
            and (until is None or until > self.at_position)
            and (self.before is None or entry.posting.date < self.before)
        )


def printable(text: str) -> str:
    """A text on one line: what ends a line, or cannot be seen, is replaced."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def moment(seconds: int) -> str:
    """A time in UTC: `2026-01-31 23:59:59`."""
    return f"{_time(seconds):%Y-%m-%d %H:%M:%S}"


def day(seconds: int, form: str = "%Y-%m-%d") -> Day:
    """The day of a time in UTC: `2026-01-31`."""
    return _time(seconds).strftime(form)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
