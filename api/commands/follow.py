"""`ledger follow`: the follower alone, without a web server."""

from __future__ import annotations

import click

from api.config.databases import existing
from api.config.settings import Settings
from api.serve import follower
from api.serve.loop import until_stopped
from api.telemetry import logs


@click.command()
def follow() -> None:
    """Keep the projections up to date until SIGTERM or Ctrl-C, without a web server.

    The ledger must exist: `ledger serve` creates it, as does another server with
    `api.serve.wsgi:app`. Any number of followers may run beside each other and beside them.
    """
    settings = Settings.read()
    logs.configure(settings.log_format)
    with existing(settings) as (_, projections):
        projections.create()
    until_stopped(follower.follow, settings)
