"""Click options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable, Container

import click

from scripts.benchmarks.databases import DATABASES

__all__ = [
    "databases_option",
    "events_option",
    "integer_option",
    "json_option",
    "names_callback",
    "numbers_callback",
]

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

Callback = Callable[[click.Context, click.Parameter, str], tuple[object, ...]]


def names_callback(known: Container[str]) -> Callback:
    """Return a callback that reads names separated by commas, all of them known ones."""

    def split(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
        for name in value.split(","):
            if name not in known:
                raise click.BadParameter(f"{name!r} is none of {known}")
        return tuple(value.split(","))

    return split


def numbers_callback(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    """Read integers above zero, separated by commas."""
    if not all(number.isdecimal() and int(number) for number in value.split(",")):
        raise click.BadParameter("expected integers above zero, separated by commas")
    return tuple(int(number) for number in value.split(","))


def integer_option(name: str, maximum: int, default: int | None, text: str) -> Decorator:
    """Return an option for an integer above zero; 0 is allowed where it is the default."""
    return click.option(
        name,
        type=click.IntRange(0 if default == 0 else 1, maximum),
        default=default,
        show_default=default is not None,
        help=text,
    )


def events_option(default: str) -> Decorator:
    """Return the option for the lengths of the logs."""
    return click.option(
        "--events",
        callback=numbers_callback,
        default=default,
        show_default=True,
        help="How many events the logs have, separated by commas.",
    )


databases_option = click.option(
    "--databases",
    callback=names_callback(DATABASES),
    default=",".join(DATABASES),
    show_default=True,
    help="The databases to measure, separated by commas.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
