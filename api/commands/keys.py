"""`ledger keys`: API keys, made, listed and revoked."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from api.commands.output import as_json, json_option, table, when
from api.config import databases as stores
from api.config.settings import Settings
from api.keys import KeyStore, Scope


@click.group()
def keys() -> None:
    """API keys, beside the static ones of LEDGER_API_KEY; only their hashes are stored."""


@keys.command()
@click.option("--name", default="", help="Who or what will use it.")
@click.option(
    "--scope",
    type=click.Choice(["read", "full"]),
    default="read",
    show_default=True,
    help="read: all but event bodies and what changes something; full: everything.",
)
@json_option
def create(name: str, scope: Scope, as_program: bool) -> None:
    """Make a key and print it, this once."""
    settings = Settings.read(probe=stores.probe)
    stores.create(settings)
    with stores.stores(settings) as (ledger, _):
        key_id, secret = KeyStore(ledger.engine).create(name, scope)
    if as_program:
        as_json({"id": key_id, "key": secret, "name": name, "scope": scope})
    else:
        click.echo(f"{key_id} ({scope}); the key is shown only now:", err=True)
        click.echo(secret)


@keys.command("list")
@json_option
def list_(as_program: bool) -> None:
    """List the keys, revoked ones too."""
    with stores.existing(Settings.read()) as (ledger, _):
        rows = [asdict(key) for key in KeyStore(ledger.engine).list()]
    if as_program:
        as_json(rows)
        return
    for row in rows:
        for moment in ("created_at", "revoked_at"):
            row[moment] = row[moment] and when(row[moment] * 1_000_000)
    table(rows, ["id", "name", "scope", "created_at", "revoked_at"])


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """End a key for good; running processes notice within seconds."""
    with stores.existing(Settings.read()) as (ledger, _):
        revoked = KeyStore(ledger.engine).revoke(key_id)
    if not revoked:
        click.echo(f"Error: there is no living key {key_id}", err=True)
        sys.exit(1)
    click.echo(f"{key_id} revoked")
