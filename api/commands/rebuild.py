"""`ledger rebuild`: the conclusions, drawn again from the facts."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import asdict

import click

from api.commands.output import Progress, as_json, json_option, kind_type, table
from api.settings import Settings
from api.stores import existing, stores
from projections import KINDS, Projections, Rebuilt

_DIFFERENCE = ("kind", "id", "field", "living", "rebuilt")


@click.command()
@click.argument("kinds", type=kind_type(), nargs=-1, metavar="[KIND]...")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    metavar="N",
    default=1,
    help="How many kinds at a time, each in a process of its own.",
)
@click.option("--check", is_flag=True, help="Compare with the living rows and write nothing.")
@json_option
def rebuild(kinds: tuple[str, ...], processes: int, check: bool, as_program: bool) -> None:
    """Draw every KIND again from the log, or all of them, beside the living rows.

    Readers and webhooks go on meanwhile. With --check the exit code is 1 if anything differs.
    """
    chosen = list(dict.fromkeys(kinds)) or list(KINDS)
    settings = Settings.read()
    with existing(settings) as (_, projections):
        if check:
            _compare(projections, chosen, as_program)
            return
        projections.create()
        with closing(Progress(hidden=as_program)) as progress:
            if processes == 1:
                done = projections.rebuild(chosen, progress=progress)
            else:
                done = _beside_each_other(settings, chosen, processes, progress)
    rows = [asdict(each) for each in done]
    if as_program:
        as_json(rows)
    else:
        table([{**row, "seconds": round(row["seconds"], 2)} for row in rows], list(rows[0]))


def _beside_each_other(
    settings: Settings, kinds: list[str], processes: int, progress: Progress
) -> list[Rebuilt]:
    done: list[Rebuilt] = []
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_alone, settings, kind) for kind in kinds]):
            done += future.result()
            progress("kinds", len(done), len(kinds))
    return sorted(done, key=lambda each: kinds.index(each.kind))


def _alone(settings: Settings, kind: str) -> list[Rebuilt]:
    """One kind, in a process with connections of its own."""
    with stores(settings) as (_, projections):
        return projections.rebuild([kind])


def _compare(projections: Projections, kinds: list[str], as_program: bool) -> None:
    differences = [asdict(each) for each in projections.check(kinds)]
    if as_program:
        as_json(differences)
    elif differences:
        table(differences, _DIFFERENCE)
    else:
        click.echo(f"no difference in {', '.join(kinds)}")
    if differences:
        sys.exit(1)
