"""CSV that a spreadsheet can be given: no cell of text is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

__all__ = ["csv_row", "text_cell"]

# What makes a formula of a cell; the apostrophe, so that every text can be read back.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def text_cell(text: str | None) -> str:
    """A text as a cell: with an apostrophe before it where it would be taken for a formula."""
    if not text:
        return ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_row(cells: Iterable[str | int | None]) -> str:
    """A line of CSV. Texts that others wrote go through ``text_cell`` before."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
