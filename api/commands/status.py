"""`ledger status`: the end of the log and the state of the projections."""

from __future__ import annotations

from dataclasses import asdict

import click

from api.commands.output import json_option, print_json, print_table
from api.config.databases import existing
from api.config.settings import Settings
from ledger.urls import without_secrets

_COLUMNS = ("kind", "fingerprint", "status", "position", "lag_events", "rows", "dead_letters",
            "rebuild_done", "rebuild_total", "rebuild_eta_seconds", "previous")  # fmt: skip


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show where the log ends, how far each projection lags, and its dead letters."""
    settings = Settings.read()
    with existing(settings) as (ledger, projections):
        head = ledger.log.head()
        states = [asdict(state) for state in projections.states()]
    database = without_secrets(settings.database_url)
    if as_json:
        log = {"position": head.position, "chain": head.chain.hex()}
        print_json({"database": database, "log": log, "projections": states})
        return
    click.echo(f"{database}: {head.position} entries")
    print_table(states, _COLUMNS)
    for state in states:
        for blocker in state["held_by"]:
            click.echo(f"the cutover of {state['kind']} waits for {blocker}")
