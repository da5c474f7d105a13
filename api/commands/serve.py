"""`ledger serve`: the web workers and the follower."""

from __future__ import annotations

import os
import sys

import click

from api.config.databases import probe
from api.config.settings import VARIABLES, Settings
from api.serve.supervisor import serve as supervise
from api.telemetry import logs


class _Serve(click.Command):
    """A command whose help lists the environment variables."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Environment"):
            formatter.write_dl(
                [
                    (variable.name, f"{variable.about}  [{variable.default}]".removesuffix("  []"))
                    for variable in VARIABLES
                ]
            )


@click.command(cls=_Serve)
@click.option("--host", help="The address to listen on; as LEDGER_HOST.")
@click.option("--port", help="The port to listen on; as LEDGER_PORT.")
@click.option("--workers", metavar="N", help="Number of web processes; as LEDGER_WORKERS.")
def serve(host: str | None, port: str | None, workers: str | None) -> None:
    """Receive webhooks at POST /webhooks/stripe and serve the API, until SIGTERM or Ctrl-C.

    Creates the tables it needs and keeps the projections up to date.
    """
    values = {"LEDGER_HOST": host, "LEDGER_PORT": port, "LEDGER_WORKERS": workers}
    chosen = {name: value for name, value in values.items() if value is not None}
    # Into the environment, where the processes that it starts read their settings.
    os.environ.update(chosen)
    options = {name: f"--{name.removeprefix('LEDGER_').lower()}" for name in chosen}
    settings = Settings.read(serving=True, probe=probe, options=options)
    logs.configure(settings.log_format)
    if not supervise(settings):
        sys.exit(1)
