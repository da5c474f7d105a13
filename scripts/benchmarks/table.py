"""Prints results as a table, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

__all__ = ["show"]


def show(
    title: str, rows: Sequence[Mapping[str, Any]], notes: Sequence[str], as_json: bool
) -> None:
    """Print rows that all have the same columns, and the notes below them."""
    if as_json:
        click.echo(json.dumps({"benchmark": title, "rows": list(rows), "notes": list(notes)}))
        return
    click.echo(f"\n{title}\n")
    if rows:
        names = list(rows[0])
        cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
        for line in cells:
            aligned = (
                cell.ljust(width) if isinstance(rows[0][name], str) else cell.rjust(width)
                for cell, width, name in zip(line, widths, names, strict=True)
            )
            click.echo("  ".join(aligned).rstrip())
    for note in notes:
        click.echo(f"  {note}")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
