"""`ledger status`: where the log and the projections stand."""

from __future__ import annotations

from dataclasses import asdict

import click

from api.commands.output import as_json, json_option, table
from api.config.databases import existing, without_password
from api.config.settings import Settings

_COLUMNS = ("kind", "fingerprint", "status", "position", "lag_events", "rows", "dead_letters",
            "rebuild_done", "rebuild_total", "rebuild_eta_seconds", "previous")  # fmt: skip


@click.command()
@json_option
def status(as_program: bool) -> None:
    """Say where the log ends, how far each projection has read, and what it could not read."""
    settings = Settings.read()
    with existing(settings) as (ledger, projections):
        head = ledger.log.head()
        states = [asdict(state) for state in projections.states()]
    if as_program:
        log = {"position": head.position, "chain": head.chain.hex()}
        as_json({"database": without_password(settings.database_url), "log": log, "projections": states})
    else:
        click.echo(f"{without_password(settings.database_url)}: {head.position} entries")
        table(states, _COLUMNS)
        for state in states:
            for holder in state["held_by"]:
                click.echo(f"the view of {state['kind']} is held by {holder}")
