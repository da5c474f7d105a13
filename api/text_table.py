"""Tables of text, as the commands and the demo print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["text_table"]


def text_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table: columns of integers right-aligned, all others left-aligned."""
    cells = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    right = [bool(rows) and isinstance(rows[0][column], int) for column in range(len(head))]
    for number, line in enumerate(cells):
        padded = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        )
        yield ("  " + "  ".join(padded)).rstrip()
        if number == 0:
            yield "  " + "  ".join("─" * width for width in widths)


def _text(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
