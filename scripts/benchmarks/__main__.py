"""`scripts/bench`: the verbs."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from scripts.benchmarks import rebuild as rebuilding
from scripts.benchmarks.cache import exclusive
from scripts.benchmarks.contenders import CONTENDERS
from scripts.benchmarks.ingest import Plan, measure
from scripts.benchmarks.options import (
    databases_option,
    events_option,
    json_option,
    names,
    numbers,
    whole,
)
from scripts.benchmarks.query import query as questions
from scripts.benchmarks.soak import soak as soaking
from scripts.benchmarks.table import show


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Measure the ledger beside floors of the same run; figures of two runs do not compare."""


@main.command()
@whole("--seconds", 600, 10, "How long each is driven.")
@click.option(
    "--connections",
    callback=numbers,
    default="1,16,64",
    show_default=True,
    help="How many at once.",
)
@databases_option
@whole("--workers", 64, 1, "Web processes of each contender.")
@whole("--rounds", 99, 3, "How often; medians are shown.")
@whole("--senders", 64, 2, "Threads or processes of the load generator.")
@click.option(
    "--contenders",
    callback=names(list(CONTENDERS)),
    default="ledger,verify,handler",
    show_default=True,
    help="Who is measured; web is the ledger without its follower.",
)
@whole("--soak", 86_400, None, "Instead: the ledger alone at full speed for so many seconds.")
@json_option
def ingest(
    seconds: int,
    connections: tuple[int, ...],
    databases: tuple[str, ...],
    workers: int,
    rounds: int,
    senders: int,
    contenders: tuple[str, ...],
    soak: int | None,
    as_json: bool,
) -> None:
    """Signed webhooks over HTTP, as many as the server takes."""
    with exclusive():
        if soak is not None:
            rows, notes = soaking(soak, max(connections), databases, workers, senders)
            show("soak", rows, notes, as_json=as_json)
            return
        chosen = tuple(CONTENDERS[name] for name in contenders)
        plan = Plan(seconds, connections, databases, workers, rounds, senders, chosen)
        show("ingest", *measure(plan), as_json=as_json)


@main.command()
@events_option("100000,1000000")
@databases_option
@click.option("--ten-million", is_flag=True, help="A log of 10,000,000 events too (50 GB free).")
@whole("--processes", 64, 0, "How many the rebuild may use; 0: as `ledger rebuild` has it.")
@whole("--rounds", 99, 3, "How often; medians are shown.")
@click.option("--pauses/--no-pauses", default=True, help="Also how long appends and reads wait.")
@json_option
def rebuild(
    events: tuple[int, ...],
    databases: tuple[str, ...],
    ten_million: bool,
    processes: int,
    rounds: int,
    pauses: bool,
    as_json: bool,
) -> None:
    """All conclusions drawn again, beside reading the same rows."""
    logs = (*events, 10_000_000) if ten_million else events
    with exclusive():
        rows, waits, notes = rebuilding.rebuild(
            rebuilding.Plan(logs, databases, processes, rounds, pauses)
        )
    show("rebuild", rows, notes, as_json=as_json)
    if pauses:
        show("pauses", waits, (), as_json=as_json)


@main.command()
@events_option("100000")
@databases_option
@whole("--rounds", 99, 3, "How often; medians are shown.")
@json_option
def follow(events: tuple[int, ...], databases: tuple[str, ...], rounds: int, as_json: bool) -> None:
    """A follower with a whole log before it, beside reading the same rows."""
    with exclusive():
        rows, notes = rebuilding.follow(rebuilding.Plan(events, databases, 0, rounds, False))
    show("follow", rows, notes, as_json=as_json)


@main.command()
@events_option("1000000")
@databases_option
@whole("--asked", 1_000_000, 1000, "How often each question is asked.")
@json_option
def query(events: tuple[int, ...], databases: tuple[str, ...], asked: int, as_json: bool) -> None:
    """Questions to a ledger of so many events, measured at the server."""
    with exclusive():
        rows = questions(events, databases, asked)
    show("query", rows, (), as_json=as_json)


def _end(number: int, _: FrameType | None) -> None:
    """An end like any other, so that no server is left behind."""
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    main()
