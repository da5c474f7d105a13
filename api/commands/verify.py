"""`ledger verify`: checks the hash chain of the log."""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial

import click

from api.commands.output import Progress, json_option, print_json
from api.config.databases import existing
from api.config.settings import Settings
from ledger import verify as verify_log


def _anchor(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[int, bytes] | None:
    """Parse `POSITION:HEX`, as an earlier verification printed it."""
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
    help="The anchor of an earlier verification, kept elsewhere.",
)
@json_option
def verify(anchor: tuple[int, bytes] | None, as_json: bool) -> None:
    """Verify that nothing in the log was altered, removed or cut off.

    Prints the anchor of its end. If you keep it elsewhere and pass it to a later run, even a log
    that was rewritten as a whole is detected.
    """
    with (
        existing(Settings.read()) as (ledger, _),
        closing(Progress(hidden=as_json)) as progress,
    ):
        verified = verify_log(ledger, anchor, partial(progress, "verify"))
    if as_json:
        print_json(
            {
                "verified": not verified.problem_count,
                "position": verified.position,
                "chain": verified.chain.hex(),
                "problems": verified.problems,
                "problem_count": verified.problem_count,
            }
        )
    else:
        for problem in verified.problems:
            click.echo(problem, err=True)
        if more := verified.problem_count - len(verified.problems):
            click.echo(f"… and {more:,} more", err=True)
        if not verified.problem_count:
            click.echo(f"{verified.position} entries verified; anchor of the end:")
            click.echo(f"{verified.position}:{verified.chain.hex()}")
    if verified.problem_count:
        sys.exit(1)
