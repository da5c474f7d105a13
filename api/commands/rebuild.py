"""`ledger rebuild`: the projections, rebuilt from the log or compared with it."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import asdict
from itertools import islice

import click
from sqlalchemy import make_url

from api.commands.output import (
    Progress,
    json_option,
    parse_timestamp,
    print_json,
    print_json_array,
    print_table,
    record,
)
from api.config.databases import existing, existing_journal, existing_notify
from api.config.settings import Settings
from ledger import ConfigurationError
from projections import KINDS, MEMORY_MB, Dask, Processes, Projections, Workers

# Writing is a fifth of the work and one process at a time does it: more processes than this would
# wait for each other, and each takes memory.
_PROCESSES_MAX = 8
# How many differences are printed for a person.
_PRINTED_MAX = 1000
# What is rebuilt beside the kinds, by its own name.
_FEED, _JOURNAL = "notifications", "journal"
_DIFFERENCE = ("kind", "id", "field", "living", "rebuilt")


@click.command()
@click.argument(
    "kinds",
    type=click.Choice([*KINDS, _FEED, _JOURNAL]),
    nargs=-1,
    metavar="[KIND | notifications | journal]...",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    metavar="N",
    help=f"How many processes share the work; by default one per core, at most {_PROCESSES_MAX}.",
)
@click.option(
    "--memory",
    type=click.IntRange(50),
    metavar="MB",
    default=MEMORY_MB,
    show_default=True,
    help="How much of the log all of them together may hold in memory.",
)
@click.option(
    "--rows-only",
    is_flag=True,
    help="Draw the rows anew from the stored states, and leave the log unread.",
)
@click.option(
    "--executor",
    type=click.Choice(("processes", "dask")),
    default="processes",
    show_default=True,
    help="Who works: processes of this machine, or a Dask cluster's (only with PostgreSQL).",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="The cluster's scheduler, like tcp://10.0.0.5:8786."
)
@click.option("--check", is_flag=True, help="Compare with the live rows and write nothing.")
@click.option("--id", metavar="ID", help="Repair only the live rows that are linked to ID.")
@click.option(
    "--since",
    callback=parse_timestamp,
    metavar="TIME",
    help="Repair only the live rows of events received since TIME; Unix seconds or RFC 3339 with an"
    " offset.",
)
@json_option
def rebuild(
    kinds: tuple[str, ...],
    processes: int | None,
    memory: int,
    rows_only: bool,
    executor: str,
    scheduler: str | None,
    check: bool,
    id: str | None,
    since: int | None,
    as_json: bool,
) -> None:
    """Rebuild each KIND from the log, or all kinds, in new tables beside the live ones.

    Webhooks and the API go on meanwhile. Kinds that share their states are rebuilt together, and
    listed when that is done. `notifications` rebuilds the feed of notifications, and hands nothing
    out again; `journal` the journal. With --check the exit code is 1 if any row differs, with --id
    it is 1
    if no event has that id. --id and --since print how many rows changed. --since is the time at
    which events were received, not Stripe's `created`, so late events are included.
    """
    if sum((check, rows_only, id is not None, since is not None)) > 1:
        raise click.UsageError("--check, --rows-only, --id and --since exclude each other")
    if (executor == "dask") != (scheduler is not None):
        raise click.UsageError("--executor dask and --scheduler go together")
    if check and executor == "dask":
        raise click.UsageError("--check compares in a file of this machine: it takes no cluster")
    settings = Settings.read()
    for name, anew in ((_FEED, _rebuild_feed), (_JOURNAL, _rebuild_journal)):
        if name not in kinds:
            continue
        if set(kinds) != {name} or check or rows_only or scheduler or id or since is not None:
            raise click.UsageError(
                f"{name}: rebuilt alone and whole; `ledger {name} check` compares"
            )
        anew(settings, as_json)
        return
    chosen = list(dict.fromkeys(kinds)) or list(KINDS)
    workers = _workers(settings, processes or useful_cores(), scheduler)
    with existing(settings) as (_, projections):
        if check:
            _compare(projections, chosen, workers, memory, as_json)
            return
        if id is not None or since is not None:
            record(settings, "repair", kinds=chosen, id=id, since=since)
            _repair(projections, chosen, id, since, as_json)
            return
        record(settings, "rebuild", kinds=chosen)
        projections.create()
        with closing(Progress(hidden=as_json)) as progress:
            rebuilt = projections.rebuild(
                chosen,
                rows_only=rows_only,
                workers=workers,
                memory_mb=memory,
                progress=progress,
            )
    rows = [asdict(each) for each in rebuilt]
    if as_json:
        print_json(rows)
    else:
        print_table([{**row, "seconds": round(row["seconds"], 2)} for row in rows], list(rows[0]))


def _rebuild_feed(settings: Settings, as_json: bool) -> None:
    record(settings, "rebuild", kinds=[_FEED])
    with (
        existing_notify(settings) as (_, notify),
        closing(Progress(hidden=as_json)) as progress,
    ):
        events = notify.feed.rebuild(progress=progress)
    _print_rebuilt(_FEED, events, as_json)


def _rebuild_journal(settings: Settings, as_json: bool) -> None:
    record(settings, "rebuild", kinds=[_JOURNAL])
    with (
        existing_journal(settings) as (_, _, journal),
        closing(Progress(hidden=as_json)) as progress,
    ):
        events = journal.rebuild(progress=progress)
    _print_rebuilt(_JOURNAL, events, as_json)


def _print_rebuilt(name: str, events: int, as_json: bool) -> None:
    if as_json:
        print_json({"kind": name, "events": events})
    else:
        click.echo(f"{name} rebuilt from {events} events")


def useful_cores() -> int:
    """The number of cores that this process may use, up to the number that makes it faster."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux has it
    cores = len(allowed(0)) if allowed is not None else os.cpu_count() or 1
    return min(cores, _PROCESSES_MAX)


def _workers(settings: Settings, processes: int, scheduler: str | None) -> Workers | None:
    if scheduler is None:
        return Processes(processes) if processes > 1 else None
    if make_url(settings.database_url).get_backend_name() != "postgresql":
        raise ConfigurationError(
            "a cluster can only rebuild on PostgreSQL: SQLite's file is on one machine"
        )
    return Dask(scheduler)


def _repair(
    projections: Projections, kinds: list[str], id: str | None, since: int | None, as_json: bool
) -> None:
    received_at = (since or 0) * 1_000_000
    with closing(Progress(hidden=as_json or id is not None)) as progress:
        repaired = projections.repair(kinds, id=id, received_at=received_at, progress=progress)
    if id is not None and not any(result.components for result in repaired.values()):
        click.echo(f"Error: no event in the log has {id} in {', '.join(kinds)}", err=True)
        sys.exit(1)
    rows = [
        {"kind": kind, "folded": result.components, "changed": result.changed}
        for kind, result in repaired.items()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, list(rows[0]))


def _compare(
    projections: Projections,
    kinds: list[str],
    workers: Workers | None,
    memory: int,
    as_json: bool,
) -> None:
    with closing(Progress(hidden=as_json)) as progress:
        differences = projections.differences(
            kinds, workers=workers, memory_mb=memory, progress=progress
        )
        rows = map(asdict, differences)
        # If all rows differ, there are more than fit into memory or than anybody would read.
        printed = [] if as_json else list(islice(rows, _PRINTED_MAX))
        count = print_json_array(rows) if as_json else len(printed) + sum(1 for _ in rows)
    if printed:
        print_table(printed, _DIFFERENCE)
    if printed and count > len(printed):
        click.echo(f"  … and {count - len(printed):,} more; --json prints them all")
    if not count and not as_json:
        click.echo(f"no difference in {', '.join(kinds)}")
    if count:
        sys.exit(1)
