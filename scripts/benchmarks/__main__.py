"""`scripts/bench`: the command line."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from scripts.benchmarks.backfill import BackfillPlan, measure_backfill
from scripts.benchmarks.cache import exclusive
from scripts.benchmarks.contenders import CONTENDERS
from scripts.benchmarks.ingest import IngestPlan, measure_ingest
from scripts.benchmarks.journal import JournalPlan, measure_journal
from scripts.benchmarks.notify import NotifyPlan, measure_notify
from scripts.benchmarks.options import (
    databases_option,
    events_option,
    integer_option,
    json_option,
    names_callback,
    numbers_callback,
)
from scripts.benchmarks.query import measure_query
from scripts.benchmarks.rebuild import RebuildPlan, measure_follow, measure_rebuild
from scripts.benchmarks.soak import measure_soak
from scripts.benchmarks.table import show


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Measure the ledger beside baselines of the same run; do not compare figures of two runs."""


@main.command()
@integer_option("--seconds", 600, 10, "How long each measurement takes.")
@click.option(
    "--connections",
    callback=numbers_callback,
    default="1,16,64",
    show_default=True,
    help="How many connections at once, separated by commas.",
)
@databases_option
@integer_option("--workers", 64, 1, "Web processes of each contender.")
@integer_option("--rounds", 99, 3, "How often to measure; medians are shown.")
@integer_option("--senders", 64, 2, "Threads or processes of the load generator.")
@click.option(
    "--contenders",
    callback=names_callback(list(CONTENDERS)),
    default="ledger,verify,handler",
    show_default=True,
    help="The contenders to measure; web is the ledger without its follower.",
)
@integer_option(
    "--soak", 86_400, None, "Instead: drive only the ledger, at full speed for that many seconds."
)
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
    """Measure how many signed webhooks per second the server takes over HTTP."""
    with exclusive():
        if soak is not None:
            rows, notes = measure_soak(soak, max(connections), databases, workers, senders)
            show("soak", rows, notes, as_json=as_json)
            return
        chosen = tuple(CONTENDERS[name] for name in contenders)
        plan = IngestPlan(seconds, connections, databases, workers, rounds, senders, chosen)
        show("ingest", *measure_ingest(plan), as_json=as_json)


@main.command()
@events_option("100000,1000000")
@databases_option
@click.option("--ten-million", is_flag=True, help="Also a log of 10,000,000 events (needs 50 GB).")
@integer_option(
    "--processes", 64, 0, "Processes of the rebuild; 0: the default of `ledger rebuild`."
)
@integer_option("--rounds", 99, 3, "How often to measure; medians are shown.")
@click.option(
    "--pauses/--no-pauses",
    default=True,
    help="Also measure how long appends and reads take meanwhile.",
)
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
    """Measure rebuilding all projections, beside reading the same rows."""
    logs = (*events, 10_000_000) if ten_million else events
    with exclusive():
        rows, pause_rows, notes = measure_rebuild(
            RebuildPlan(logs, databases, processes, rounds, pauses)
        )
    show("rebuild", rows, notes, as_json=as_json)
    if pauses:
        show("pauses", pause_rows, (), as_json=as_json)


@main.command()
@events_option("100000")
@databases_option
@integer_option("--rounds", 99, 3, "How often to measure; medians are shown.")
@json_option
def follow(events: tuple[int, ...], databases: tuple[str, ...], rounds: int, as_json: bool) -> None:
    """Measure a follower that reads a whole log, beside reading the same rows."""
    with exclusive():
        rows, notes = measure_follow(RebuildPlan(events, databases, 0, rounds, with_pauses=False))
    show("follow", rows, notes, as_json=as_json)


@main.command()
@events_option("1000000")
@databases_option
@integer_option("--requests", 1_000_000, 1000, "How many requests of each kind.")
@json_option
def query(
    events: tuple[int, ...], databases: tuple[str, ...], requests: int, as_json: bool
) -> None:
    """Measure API requests to a ledger of that many events, at the server."""
    with exclusive():
        rows = measure_query(events, databases, requests)
    show("query", rows, (), as_json=as_json)


@main.command()
@integer_option("--events", 10_000_000, 20_000, "Events in the log.")
@integer_option("--rate", 1000, 100, "Webhooks a second, for the lag.")
@integer_option("--seconds", 600, 20, "For how long.")
@databases_option
@json_option
def notify(events: int, rate: int, seconds: int, databases: tuple[str, ...], as_json: bool) -> None:
    """Measure the feed of notifications, and handing it to a receiver on this machine."""
    with exclusive():
        rows, notes = measure_notify(NotifyPlan(events, rate, seconds, databases))
    show("notify", rows, notes, as_json=as_json)


@main.command()
@integer_option("--events", 10_000_000, 20_000, "Events in the log.")
@integer_option("--entries", 10_000_000, 1_000_000, "Entries that the reports are of.")
@databases_option
@json_option
def journal(events: int, entries: int, databases: tuple[str, ...], as_json: bool) -> None:
    """Measure following and rebuilding the journal, and its reports at the server."""
    with exclusive():
        rows, notes = measure_journal(JournalPlan(events, entries, databases))
    show("journal", rows, notes, as_json=as_json)


@main.command()
@integer_option("--objects", 10_000_000, 100_000, "Objects that Stripe lists.")
@click.option(
    "--delay",
    "delays",
    type=click.IntRange(0),
    multiple=True,
    default=(0, 100),
    show_default=True,
    help="Milliseconds that a page of 100 takes; may be given several times.",
)
@databases_option
@json_option
def backfill(
    objects: int, delays: tuple[int, ...], databases: tuple[str, ...], as_json: bool
) -> None:
    """Measure how fast a backfill records what is listed, and how much memory it takes."""
    with exclusive():
        rows, notes = measure_backfill(BackfillPlan(objects, delays, databases))
    show("backfill", rows, notes, as_json=as_json)


def _exit(number: int, _: FrameType | None) -> None:
    """Exit on a signal, so that no server is left running."""
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)
    main()
