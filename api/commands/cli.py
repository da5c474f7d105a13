"""The `ledger` command: its list of commands, and how errors are shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from api.config.service_links import service_links
from ledger import ConfigurationError, LedgerError

__all__ = ["main"]

# A command is the function of its name in the module of its name. It is imported when it is called,
# so that `ledger status` need not wait for a web server to load. The text is for `ledger --help`.
COMMANDS: Mapping[str, str] = {
    "serve": "Receive webhooks and serve the API",
    "follow": "Keep the projections up to date, without a web server",
    "rebuild": "Rebuild the projections from the log",
    "rollback": "Serve the previous table of a kind again (undo a cutover)",
    "refold": "Fold one row again from its events",
    "verify": "Verify that nothing in the log was altered",
    "backup": "Copy the log to a file and verify the copy (SQLite)",
    "import": "Import an exported log, or Stripe events",
    "export": "Export the log, one JSON object per line",
    "quarantine": "List and retry signed deliveries that are not events",
    "stripe": "Ask Stripe: register the endpoint, fetch events that never arrived",
    "subscribers": "Say who is handed which notifications",
    "notify": "Hand notifications to subscribers, without a web server",
    "notifications": "List notifications, hand them out again, check the feed",
    "listen": "Print notifications as they arrive: a receiver to try them with",
    "journal": "Show and export the money of the log as double entry",
    "keys": "Create, list and revoke API keys",
    "status": "Show the end of the log and the lag of the projections",
    "demo": "Run a ledger with made-up events, without a Stripe account",
}


class _Ledger(click.Group):
    """Imports commands when they are called; prints the ledger's errors as one message."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # `import` is a keyword of Python.
        name = "import_" if cmd_name == "import" else cmd_name
        command = getattr(import_module(f"api.commands.{name}"), name)
        assert isinstance(command, click.Command)
        command.short_help = COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        # Processes that this one starts, also those of multiprocessing, must not import whatever
        # has the right name in the working directory.
        os.environ["PYTHONSAFEPATH"] = "1"
        _forget_service_links()
        try:
            return super().invoke(ctx)
        except LedgerError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2 if isinstance(error, ConfigurationError) else 1)


def _forget_service_links() -> None:
    links = service_links(os.environ)
    for name in links:
        del os.environ[name]
    if links:
        click.echo(
            f"Warning: {', '.join(links)}: ignored, for Kubernetes sets them for a service;"
            " enableServiceLinks: false in the pod's spec turns them off",
            err=True,
        )


@click.group(cls=_Ledger, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stripe-ledger", message="ledger %(version)s")
def main() -> None:
    """An event-sourced ledger of Stripe's webhooks.

    Every verified webhook is kept for ever, as Stripe signed it. Orders, subscriptions, invoices,
    refunds, disputes, payouts and accounts are projected from this log, and can be rebuilt from it
    at any time.
    """
