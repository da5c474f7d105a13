"""`ledger verify`: the log proves itself."""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial

import click

from api.commands.output import Progress, as_json, json_option
from api.config.databases import existing
from api.config.settings import Settings
from ledger import verify as verify_log


def _anchor(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[int, bytes] | None:
    """`POSITION:HEX`, as an earlier verification printed it."""
    if text is None:
        return None
    position, _, chain = text.partition(":")
    try:
        anchor = int(position), bytes.fromhex(chain)
    except ValueError:
        raise click.BadParameter("write it as `ledger verify` prints it") from None
    if anchor[0] < 1 or len(anchor[1]) != 32:
        raise click.BadParameter("a position is at least 1, a chain value 64 hex digits")
    return anchor


@click.command()
@click.option(
    "--anchor",
    callback=_anchor,
    metavar="POSITION:HEX",
    help="What the log was known to hold, noted elsewhere.",
)
@json_option
def verify(anchor: tuple[int, bytes] | None, as_program: bool) -> None:
    """Prove that nothing in the log was altered, left out or cut off.

    Prints the anchor of the end: whoever keeps it elsewhere and gives it to a later run would
    notice even a log that somebody rewrote as a whole.
    """
    with (
        existing(Settings.read()) as (ledger, _),
        closing(Progress(hidden=as_program)) as progress,
    ):
        found = verify_log(ledger, anchor, partial(progress, "verify"))
    if as_program:
        as_json(
            {
                "verified": not found.problems,
                "position": found.position,
                "chain": found.chain.hex(),
                "problems": found.problems,
            }
        )
    else:
        for problem in found.problems:
            click.echo(problem, err=True)
        if not found.problems:
            click.echo(f"{found.position} entries verified; anchor of the end:")
            click.echo(f"{found.position}:{found.chain.hex()}")
    if found.problems:
        sys.exit(1)
