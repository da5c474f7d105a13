"""How commands speak: tables and messages for people, JSON for programs."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
from marshmallow import ValidationError
from tqdm import tqdm

from api.demo.report import table as lines_of
from projections import KINDS

__all__ = [
    "Progress",
    "as_json",
    "as_json_list",
    "json_option",
    "kind_type",
    "moment",
    "table",
    "when",
]

_json = click.option("--json", "as_program", is_flag=True, help="Print JSON for a program.")


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json`, given to the command as `as_program`."""
    return _json(command)


def as_json(value: Any) -> None:
    """One JSON document on one line."""
    click.echo(_compact(value))


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def as_json_list(values: Iterable[Any]) -> int:
    """One JSON array on one line, written as its items come; how many they were."""
    count = 0
    for count, value in enumerate(values, start=1):
        click.echo(("[" if count == 1 else ",") + _compact(value), nl=False)
    click.echo("]" if count else "[]")
    return count


def kind_type() -> click.Choice[str]:
    """The argument KIND."""
    return click.Choice(list(KINDS))


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows under their columns' names."""
    cells = [["-" if row[name] is None else row[name] for name in columns] for row in rows]
    for line in lines_of(columns, cells):
        click.echo(line)


def when(microseconds: int) -> str:
    """A time as people read it, in UTC."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    """A callback for an option TIME, which is read as the API reads one: into Unix seconds."""
    # Here, not above: most commands need not wait for a web framework's imports.
    from api.resources import parameters

    try:
        return None if text is None else int(parameters.Moment().deserialize(text))
    except ValidationError as error:
        raise click.BadParameter(
            " ".join(map(str, error.messages)).partition(" (in a URL")[0]
        ) from error


class Progress:
    """Bars on stderr with rate and ETA, one after the other; a line now and then in a file.

    Call it with what is done, how many are, and of how many.
    """

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden
        self._about: str | None = None
        self._bar: tqdm[NoReturn] | None = None

    def __call__(self, about: str, done: int, total: int) -> None:
        """So far it is."""
        if self._bar is None or about != self._about:
            self.close()
            self._about, self._bar = about, self._begin(about)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leaves the last state to be seen."""
        if self._bar is not None:
            self._bar.close()

    def _begin(self, about: str) -> tqdm[NoReturn]:
        is_terminal = sys.stderr.isatty()
        return tqdm(
            desc=about,
            unit=" events",
            unit_scale=True,
            mininterval=0.1 if is_terminal else 5,
            file=sys.stderr if is_terminal else _Lines(),
            disable=self._hidden,
        )


class _Lines(io.StringIO):
    """A bar draws over itself; in a file each state of it is a line."""

    def write(self, text: str) -> int:
        if shown := text.strip():
            click.echo(shown, err=True)
        return len(text)
