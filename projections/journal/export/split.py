"""Files no larger than the programs take that they are uploaded to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from projections.journal.export.statement import ExportError, Part

__all__ = ["Limits", "Splitter"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold: rows below its head, and bytes in all."""

    rows: int
    bytes: int


class Splitter:
    """Puts groups of rows into numbered files, `journal-eur-001.csv`; a group stays together."""

    def __init__(self, head: str, limits: Limits) -> None:
        self._head, self._limits = head, limits
        self._open: dict[str, _File] = {}

    def add(self, name: str, rows: Sequence[str]) -> Iterator[Part]:
        """Add a group to the files of a name; raises ExportError if none could hold it."""
        size = sum(len(row.encode()) for row in rows)
        head_size = len(self._head.encode())
        if len(rows) > self._limits.rows or head_size + size > self._limits.bytes:
            raise ExportError(f"{len(rows)} rows that belong together are too much for one file")
        file = self._open.get(name)
        if file is None or not file.takes(len(rows), size, self._limits):
            file = _File(1 if file is None else file.number + 1, head_size)
            self._open[name] = file
            yield Part(file.path(name), self._head)
        file.rows, file.bytes = file.rows + len(rows), file.bytes + size
        yield Part(file.path(name), "".join(rows))


@dataclass(slots=True)
class _File:
    number: int
    bytes: int
    rows: int = 0

    def path(self, name: str) -> str:
        return f"{name}-{self.number:03}.csv"

    def takes(self, rows: int, size: int, limits: Limits) -> bool:
        return self.rows + rows <= limits.rows and self.bytes + size <= limits.bytes
