"""`ledger rebuild`: the conclusions, drawn again from the facts."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import asdict
from itertools import islice

import click

from api.commands.output import (
    Progress,
    as_json,
    as_json_list,
    json_option,
    kind_type,
    moment,
    table,
)
from api.config.databases import existing
from api.config.settings import Settings
from projections import KINDS, MEMORY_MB, Projections

# One writes at a time, and that is a fifth of the work: more would wait, and take memory each.
_PROCESSES_MAX = 8
# How many differences are shown to a person.
_NAMED_MAX = 1000
_DIFFERENCE = ("kind", "id", "field", "living", "rebuilt")


@click.command()
@click.argument("kinds", type=kind_type(), nargs=-1, metavar="[KIND]...")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    metavar="N",
    help=f"How many processes share the work; one for each core, {_PROCESSES_MAX} at most, if not"
    " said.",
)
@click.option(
    "--memory",
    type=click.IntRange(50),
    metavar="MB",
    default=MEMORY_MB,
    show_default=True,
    help="How much of the log they may hold at a time, together.",
)
@click.option("--check", is_flag=True, help="Compare with the living rows and write nothing.")
@click.option("--id", metavar="ID", help="Only what is linked to ID, in the living rows.")
@click.option(
    "--since",
    callback=moment,
    metavar="TIME",
    help="Only what events received since TIME tell of, in the living rows; Unix seconds or RFC"
    " 3339 with an offset.",
)
@json_option
def rebuild(
    kinds: tuple[str, ...],
    processes: int | None,
    memory: int,
    check: bool,
    id: str | None,
    since: int | None,
    as_program: bool,
) -> None:
    """Draw every KIND again from the log, or all of them, beside the living rows.

    Readers and webhooks go on meanwhile. With --check the exit code is 1 if anything differs; with
    --id it is 1 if nothing ever told of it. --id and --since say how many rows changed. --since
    means the time of arrival here, not Stripe's `created`: late events are among them.
    """
    if sum((check, id is not None, since is not None)) > 1:
        raise click.UsageError("--check, --id and --since exclude each other")
    chosen = list(dict.fromkeys(kinds)) or list(KINDS)
    settings = Settings.read()
    processes = processes or cores_of_use()
    with existing(settings) as (_, projections):
        if check:
            _compare(projections, chosen, processes, memory, as_program)
            return
        if id is not None or since is not None:
            _repair(projections, chosen, id, since, as_program)
            return
        projections.create()
        with closing(Progress(hidden=as_program)) as progress:
            done = projections.rebuild(
                chosen,
                processes=processes,
                memory_mb=memory,
                progress=progress,
            )
    rows = [asdict(each) for each in done]
    if as_program:
        as_json(rows)
    else:
        table([{**row, "seconds": round(row["seconds"], 2)} for row in rows], list(rows[0]))


def cores_of_use() -> int:
    """The cores that this process may run on, as far as they are of use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux has it
    cores = len(allowed(0)) if allowed is not None else os.cpu_count() or 1
    return min(cores, _PROCESSES_MAX)


def _repair(
    projections: Projections, kinds: list[str], id: str | None, since: int | None, as_program: bool
) -> None:
    with closing(Progress(hidden=as_program or id is not None)) as progress:
        done = [
            (kind, projections.repair(
                kind, id=id, received_at=(since or 0) * 1_000_000, progress=progress
            ))
            for kind in kinds
        ]  # fmt: skip
    if id is not None and not any(each.pieces for _, each in done):
        click.echo(f"Error: the log knows nothing of {id} in {', '.join(kinds)}", err=True)
        sys.exit(1)
    rows = [{"kind": kind, "folded": each.pieces, "changed": each.changed} for kind, each in done]
    if as_program:
        as_json(rows)
    else:
        table(rows, list(rows[0]))


def _compare(
    projections: Projections, kinds: list[str], processes: int, memory: int, as_program: bool
) -> None:
    with closing(Progress(hidden=as_program)) as progress:
        differences = projections.differences(
            kinds, processes=processes, memory_mb=memory, progress=progress
        )
        found = map(asdict, differences)
        # Should all rows differ, they are more than memory holds, or anybody reads.
        named = [] if as_program else list(islice(found, _NAMED_MAX))
        count = as_json_list(found) if as_program else len(named) + sum(1 for _ in found)
    if named:
        table(named, _DIFFERENCE)
    if named and count > len(named):
        click.echo(f"  … and {count - len(named):,} more; --json names them all")
    if not count and not as_program:
        click.echo(f"no difference in {', '.join(kinds)}")
    if count:
        sys.exit(1)
