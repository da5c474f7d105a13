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
    """Its help ends with every environment variable there is."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Environment"):
            formatter.write_dl(
                [
                    (each.name, each.about + (f"  [{each.default}]" if each.default else ""))
                    for each in VARIABLES
                ]
            )


@click.command(cls=_Serve)
@click.option("--host", help="The address to listen on; as LEDGER_HOST.")
@click.option("--port", help="The port to listen on; as LEDGER_PORT.")
@click.option("--workers", metavar="N", help="How many web processes; as LEDGER_WORKERS.")
def serve(host: str | None, port: str | None, workers: str | None) -> None:
    """Take webhooks at POST /webhooks/stripe and answer the API, until SIGTERM or Ctrl-C.

    Makes the tables it needs and keeps the projections up to date.
    """
    options = {"LEDGER_HOST": host, "LEDGER_PORT": port, "LEDGER_WORKERS": workers}
    # In the environment, for the processes that it starts read their settings there.
    os.environ.update({name: value for name, value in options.items() if value is not None})
    settings = Settings.read(serving=True, probe=probe)
    logs.configure(settings.log_format)
    if not supervise(settings):
        sys.exit(1)
