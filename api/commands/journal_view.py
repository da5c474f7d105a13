"""What the commands of the journal have alike: options, and rows for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from api.commands.output import json_option, parse_timestamp, print_table, utc_text
from projections import Balance, Entry, Unproven, View
from projections.journal.export.cells import csv_row, text_cell

BALANCE = ("account", "livemode", "ledger_account", "type", "currency", "debit", "credit",
           "balance")  # fmt: skip


def view_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options by which every report is narrowed, and how it is printed."""
    for option in reversed(
        (
            click.option("--before", callback=parse_timestamp, metavar="TIME",
                         help="Only money dated before TIME; Unix seconds or RFC 3339."),
            click.option("--at-position", type=click.IntRange(0), metavar="N",
                         help="As it was known when the log ended at N."),
            click.option("--account", metavar="ID",
                         help="Only this account's books; self for your own."),
            click.option("--livemode/--testmode", "livemode", default=None,
                         help="Only live mode, or only test mode."),
            click.option("--currency", metavar="CODE", help="Only this currency."),
            click.option("--rules", metavar="FINGERPRINT",
                         help="The journal of other rules that is still there."),
            click.option("--csv", "as_csv", is_flag=True, help="Print CSV."),
            json_option,
        )
    ):  # fmt: skip
        command = option(command)
    return command


def view_of(options: dict[str, Any]) -> tuple[View, dict[str, Any]]:
    """The view that options ask for, and the others."""
    names = ("before", "at_position", "account", "livemode", "currency")
    return View(**{name: options.pop(name) for name in names}), options


def unproven_row(item: Unproven) -> dict[str, Any]:
    """What is not proven, as a row."""
    return {
        "since": item.since,
        "account": item.book.account,
        "livemode": item.book.livemode,
        "ledger_account": item.ledger_account,
        "object_id": item.object_id,
        "amount": item.amount,
        "currency": item.currency,
        "commercial": item.commercial,
        "settlement": item.settlement,
        "reason": item.reason,
    }


def balance_row(balance: Balance) -> dict[str, Any]:
    return {
        "account": balance.book.account,
        "livemode": balance.book.livemode,
        **{name: getattr(balance, name) for name in BALANCE[2:]},
    }


def entry_document(entry: Entry) -> dict[str, Any]:
    from api.resources.journal_schemas import entry_members

    return entry_members(entry)


def line_rows(entry: Entry) -> Iterable[dict[str, Any]]:
    posting = entry.posting
    for line in posting.lines:
        yield {
            "date": time_text(posting.date),
            "id": entry.id,
            "object_id": line.object_id,
            "cause": posting.cause,
            "ledger_account": line.ledger_account,
            "amount": line.amount,
            "currency": line.currency,
            "known_from": entry.known_from,
            "known_until": entry.known_until,
        }


def print_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_csv: bool) -> None:
    if not as_csv:
        print_table(rows, columns)
        return
    click.echo(csv_row(columns), nl=False)
    for row in rows:
        cells = (row[name] for name in columns)
        click.echo(csv_row([text_cell(c) if isinstance(c, str) else c for c in cells]), nl=False)


def time_text(seconds: int) -> str:
    return utc_text(seconds * 1_000_000)


def month_of(text: str) -> tuple[int, int]:
    """When a month begins and ends."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise click.BadParameter("must be like 2026-01", param_hint="--month") from error
    year, month = divmod(first.year * 12 + first.month, 12)
    return int(first.timestamp()), int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp())
