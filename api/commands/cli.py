"""The `ledger` command: which verbs there are, and how errors reach a person."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from ledger import ConfigurationError, LedgerError

__all__ = ["main"]

# A verb is the command of its name in the module of its name, loaded when it is called: `ledger
# status` need not wait for a web server's imports. The text is what `ledger --help` says.
VERBS: Mapping[str, str] = {
    "serve": "Take webhooks and answer the API",
    "follow": "Keep the projections up to date, without a web server",
    "rebuild": "Draw the projections again from the log",
    "rollback": "Let the table before the last rebuild serve again",
    "refold": "Draw one row again from the log",
    "verify": "Prove that nothing in the log was altered",
    "import": "Take an exported log, or Stripe events",
    "export": "Write the log out, one JSON object per line",
    "quarantine": "Signed deliveries that were no events",
    "keys": "API keys",
    "status": "Where the log and the projections stand",
    "demo": "A ledger at work, without a Stripe account",
}


class _Ledger(click.Group):
    """Loads verbs when they are asked for; errors of ours become one message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"api.commands.{_blueprint(cmd_name)}")
        command = getattr(module, _blueprint(cmd_name))
        assert isinstance(command, click.Command)
        command.short_help = VERBS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LedgerError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2 if isinstance(error, ConfigurationError) else 1)


def _blueprint(verb: str) -> str:
    """`import` is a word of Python's own."""
    return "import_" if verb == "import" else verb


@click.group(cls=_Ledger, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stripe-ledger", message="ledger %(version)s")
def main() -> None:
    """An event-sourced ledger of what Stripe told you.

    Every verified webhook is a fact, kept for ever; orders, subscriptions, invoices, refunds,
    disputes, payouts and accounts are conclusions drawn from the facts, at any time again.
    """
