"""`ledger keys`: creates, lists and revokes API keys."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from api.commands.output import json_option, print_json, print_table, record, utc_text
from api.config import databases
from api.config.settings import Settings
from api.keys import KeyStore, Scope


@click.group()
def keys() -> None:
    """Create, list and revoke API keys, of which only hashes are stored.

    They are valid beside the static keys of LEDGER_API_KEY.
    """


@keys.command()
@click.option("--name", default="", help="Who or what uses it.")
@click.option(
    "--scope",
    type=click.Choice(["read", "full"]),
    default="read",
    show_default=True,
    help="read: everything but event bodies and requests that change something; full: everything.",
)
@json_option
def create(name: str, scope: Scope, as_json: bool) -> None:
    """Create a key and print it, this once. The ledger must exist: `ledger serve` creates it."""
    settings = Settings.read()
    with databases.existing(settings) as (ledger, _):
        key_id, secret = KeyStore(ledger.engine).create(name, scope)
    record(settings, "key_created", key=key_id, name=name, scope=scope)
    if as_json:
        print_json({"id": key_id, "key": secret, "name": name, "scope": scope})
    else:
        click.echo(f"{key_id} ({scope}); the key is shown only now:", err=True)
        click.echo(secret)


@keys.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the keys, including revoked ones, and when each was last used, to a minute."""
    with databases.existing(Settings.read()) as (ledger, _):
        rows = [asdict(key) for key in KeyStore(ledger.engine).list()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        for column in ("created_at", "revoked_at", "last_used_at"):
            row[column] = row[column] and utc_text(row[column] * 1_000_000)
    print_table(rows, ["id", "name", "scope", "created_at", "revoked_at", "last_used_at"])


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """Revoke a key for good; running processes notice within seconds."""
    settings = Settings.read()
    with databases.existing(settings) as (ledger, _):
        revoked = KeyStore(ledger.engine).revoke(key_id)
    if not revoked:
        click.echo(f"Error: there is no valid key {key_id}", err=True)
        sys.exit(1)
    record(settings, "key_revoked", key=key_id)
    click.echo(f"{key_id} revoked")
