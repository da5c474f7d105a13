"""`ledger follow`: the follower alone, without a web server."""

from __future__ import annotations

import click

from api.config import databases
from api.config.settings import Settings
from api.serve.follower import run
from api.telemetry import logs


@click.command()
def follow() -> None:
    """Keep the projections up to date until SIGTERM or Ctrl-C, without a web server.

    Any number of followers may run beside each other, and beside `ledger serve`.
    """
    settings = Settings.read(probe=databases.probe)
    logs.configure(settings.log_format)
    databases.create(settings)
    run(settings)
