"""Lines of a file, read so that none takes more memory than the longest that can be meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ledger.entry import END, ENTRY, LINE_BYTES_MAX

__all__ = ["Line", "read_lines"]

# The number of a line, from 1 on, and its bytes without the line end; None where it is too long.
Line = tuple[int, bytes | None]

_LINE_END_BYTES = 2
_SKIPPED_BYTES = 1 << 16
_EXPORTED = tuple(f'{{"object":"{name}",'.encode() for name in (ENTRY, END))


def read_lines(file: BinaryIO, max_bytes: int) -> Iterator[Line]:
    """The lines that are not blank.

    They may have ``max_bytes``; those that begin as in an export, as many as an entry can have.
    """
    number = 0
    limit = max_bytes + _LINE_END_BYTES
    while text := file.readline(limit):
        number += 1
        is_whole = text.endswith(b"\n") or len(text) < limit
        if not is_whole and text.startswith(_EXPORTED):
            text += file.readline(max(0, LINE_BYTES_MAX - limit))
            is_whole = text.endswith(b"\n") or len(text) < LINE_BYTES_MAX
        if not is_whole:
            yield number, None
            while (text := file.readline(_SKIPPED_BYTES)) and not text.endswith(b"\n"):
                pass
        elif text.strip():
            yield number, text.rstrip(b"\r\n")
