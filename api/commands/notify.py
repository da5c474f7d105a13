"""`ledger notify`: the notifier alone, for a process or a machine of its own."""

from __future__ import annotations

import click

from api.config.databases import existing
from api.config.settings import Settings
from api.serve import notifier
from api.serve.handlers import subscribe_handlers
from api.serve.loop import until_stopped
from api.telemetry import logs


@click.command()
def notify() -> None:
    """Hand notifications to subscribers until SIGTERM or Ctrl-C, without a web server.

    `ledger serve` does so, too. On PostgreSQL any number may do it beside each other and share the
    work; on SQLite one does, and the others stand by. The ledger must exist.
    """
    settings = Settings.read()
    logs.configure(settings.log_format)
    with existing(settings) as (_, projections):
        projections.create()
    subscribe_handlers(settings)
    until_stopped(notifier.notify, settings)
