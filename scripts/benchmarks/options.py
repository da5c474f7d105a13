"""The options that several verbs have."""

from __future__ import annotations

from collections.abc import Callable, Container

import click

from scripts.benchmarks.databases import DATABASES

__all__ = ["databases_option", "events_option", "json_option", "names", "numbers", "whole"]

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

Split = Callable[[click.Context, click.Parameter, str], tuple[object, ...]]


def names(known: Container[str]) -> Split:
    """A callback for some of the names that are known, separated by commas."""

    def split(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
        for part in value.split(","):
            if part not in known:
                raise click.BadParameter(f"{part!r} is none of {known}")
        return tuple(value.split(","))

    return split


def numbers(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    """A callback for whole numbers above zero, separated by commas."""
    if not all(part.isdecimal() and int(part) for part in value.split(",")):
        raise click.BadParameter("expected whole numbers above zero, separated by commas")
    return tuple(int(part) for part in value.split(","))


def whole(name: str, most: int, default: int | None, about: str) -> Decorator:
    """An option that is a whole number; 0 only where that is the default."""
    least = 0 if default == 0 else 1
    return click.option(
        name,
        type=click.IntRange(least, most),
        default=default,
        show_default=default is not None,
        help=about,
    )


def events_option(default: str) -> Decorator:
    """How long the logs are."""
    return click.option(
        "--events",
        callback=numbers,
        default=default,
        show_default=True,
        help="How many events the logs have, separated by commas.",
    )


databases_option = click.option(
    "--databases",
    callback=names(DATABASES),
    default=",".join(DATABASES),
    show_default=True,
    help="Which of them, separated by commas.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
