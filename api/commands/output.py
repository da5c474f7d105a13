"""How commands print: tables and messages for people, JSON for programs, progress bars."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
from marshmallow import ValidationError
from tqdm import tqdm

from api.config.settings import Settings
from api.telemetry import logs
from api.telemetry.acts import COMMAND_LINE, log_act
from api.text_table import text_table
from projections import KINDS

__all__ = [
    "Progress",
    "end_in_order",
    "json_option",
    "kind_type",
    "parse_timestamp",
    "print_json",
    "print_json_array",
    "print_table",
    "record",
    "utc_text",
]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")


def record(settings: Settings, act: str, **what: Any) -> None:
    """Log an administrative act of the command line, as a running ledger logs those of keys."""
    logs.configure(settings.log_format)
    log_act(act, by=COMMAND_LINE, **what)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`, which the command gets as `as_json`."""
    return _json(command)


def print_json(value: Any) -> None:
    """Print a JSON document on one line."""
    click.echo(_compact(value))


def print_json_array(values: Iterable[Any]) -> int:
    """Print a JSON array on one line, item by item as they come; returns how many there were."""
    count = 0
    for count, value in enumerate(values, start=1):
        click.echo(("[" if count == 1 else ",") + _compact(value), nl=False)
    click.echo("]" if count else "[]")
    return count


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@contextmanager
def end_in_order() -> Iterator[None]:
    """Let SIGTERM end a command as an error would: what it has not finished is removed."""

    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def kind_type() -> click.Choice[str]:
    """The type of the argument KIND."""
    return click.Choice(list(KINDS))


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print rows below the names of their columns; None is shown as `-`."""
    cells = [["-" if row[name] is None else row[name] for name in columns] for row in rows]
    for line in text_table(columns, cells):
        click.echo(line)


def utc_text(microseconds: int) -> str:
    """A time for people: the date and time of day in UTC."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def parse_timestamp(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    """A callback for an option TIME: Unix seconds, from any text that the API takes as a time."""
    # Imported late: most commands need not wait for a web framework to load.
    from api.resources import parameters

    try:
        return None if text is None else int(parameters.Timestamp().deserialize(text))
    except ValidationError as error:
        raise click.BadParameter(
            " ".join(map(str, error.messages)).partition(" (in a URL")[0]
        ) from error


class Progress:
    """Progress bars on stderr, one after the other, with rate and ETA; lines if it is a file.

    Call it with a label, the number of events (or whatever the unit is) so far, and the total, as
    far as it is known.
    """

    def __init__(self, *, hidden: bool, unit: str = "events") -> None:
        self._hidden, self._unit = hidden, unit
        self._label: str | None = None
        self._bar: tqdm[NoReturn] | None = None

    def __call__(self, label: str, count: int, total: int | None) -> None:
        """Show the progress; another label begins another bar."""
        if self._bar is None or label != self._label:
            self.close()
            self._label, self._bar = label, self._begin(label)
        self._bar.total = total
        self._bar.update(count - self._bar.n)

    def close(self) -> None:
        """End the last bar; its last state stays visible."""
        if self._bar is not None:
            self._bar.close()

    def _begin(self, label: str) -> tqdm[NoReturn]:
        is_terminal = sys.stderr.isatty()
        return tqdm(
            desc=label,
            unit=f" {self._unit}",
            unit_scale=True,
            mininterval=0.1 if is_terminal else 5,
            file=sys.stderr if is_terminal else _Lines(),
            disable=self._hidden,
        )


class _Lines(io.StringIO):
    """Prints each state of a bar as a line of its own, for a bar cannot redraw itself in a file."""

    def write(self, text: str) -> int:
        if line := text.strip():
            click.echo(line, err=True)
        return len(text)
