"""`ledger journal`: balances, entries, what is not proven, and what came to be known."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any

import click

from api.commands.journal_export import export
from api.commands.journal_view import (
    BALANCE,
    balance_row,
    entry_document,
    line_rows,
    month_of,
    print_rows,
    time_text,
    unproven_row,
    view_of,
    view_options,
)
from api.commands.output import (
    Progress,
    json_option,
    parse_timestamp,
    print_json,
    print_table,
)
from api.config.databases import existing_journal
from api.config.settings import Settings
from projections import ANY, EntryFilter, EntryPage, RowSelector

_LINE = ("date", "id", "object_id", "cause", "ledger_account", "amount", "currency", "known_from",
         "known_until")  # fmt: skip
_UNPROVEN = ("since", "account", "livemode", "ledger_account", "object_id", "amount", "currency",
             "reason")  # fmt: skip
_SUMMARY = ("account", "livemode", "ledger_account", "currency", "what", "amount")
_CATEGORY = ("category", "currency", "count", "gross", "fee", "net")
_LIMIT = 20
_PRINTED_MAX = 1000


@click.group()
def journal() -> None:
    """The money of the log as double entry, by rules that docs/accounting.md explains."""


journal.add_command(export)


@journal.command("trial-balance")
@view_options
def trial_balance(as_csv: bool, as_json: bool, rules: str | None, **options: Any) -> None:
    """Show every balance; debits and credits of a currency are equal."""
    view, _ = view_of(options)
    with existing_journal(Settings.read()) as (_, _, books), books.report(rules) as report:
        rows = [balance_row(each) for each in report.trial_balance(view)]
        at, of = view.at(report.position).position, report.rules
    if as_json:
        print_json({"at_position": at, "before": view.before, "rules": of, "data": rows})
        return
    print_rows(rows, BALANCE, as_csv=as_csv)
    if not as_csv:
        click.echo(f"as known at position {at}, by rules {of}")


@journal.command()
@click.option("--ledger-account", metavar="NAME", help="Only with a line on this account.")
@click.option("--object-id", metavar="ID", help="Only of this Stripe object, or about its money.")
@click.option("--cause", metavar="EVENT", help="Only those that this event caused.")
@click.option("--since", callback=parse_timestamp, metavar="TIME", help="Dated TIME or later.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=_LIMIT, show_default=True)
@view_options
def entries(
    ledger_account: str | None,
    object_id: str | None,
    cause: str | None,
    since: int | None,
    limit: int,
    as_csv: bool,
    as_json: bool,
    rules: str | None,
    **options: Any,
) -> None:
    """Show the newest entries, newest first, line by line."""
    view, _ = view_of(options)
    wanted = EntryFilter(ledger_account, object_id, cause, since)
    with existing_journal(Settings.read()) as (_, _, books), books.report(rules) as report:
        page = report.entries(view, wanted, EntryPage(limit))
    if as_json:
        print_json([entry_document(each) for each in page.items])
        return
    print_rows([row for each in page.items for row in line_rows(each)], _LINE, as_csv=as_csv)


@journal.command()
@view_options
def unproven(as_csv: bool, as_json: bool, rules: str | None, **options: Any) -> None:
    """Show clearing that is not zero, oldest first, and why."""
    view, _ = view_of(options)
    with existing_journal(Settings.read()) as (_, _, books), books.report(rules) as report:
        rows = [unproven_row(each) for each in report.unproven(view)]
    if as_json:
        print_json(rows)
    else:
        print_rows(
            [{**row, "since": time_text(row["since"])} for row in rows], _UNPROVEN, as_csv=as_csv
        )


@journal.command()
@click.option("--from", "since", type=click.IntRange(0), required=True, metavar="P")
@click.option("--to", "until", type=click.IntRange(0), metavar="P", help="By default the newest.")
@view_options
def diff(
    since: int,
    until: int | None,
    as_csv: bool,
    as_json: bool,
    rules: str | None,
    **options: Any,
) -> None:
    """Show what came to be known between two positions of the log.

    Entries that began, and those that ended, with the signs of their amounts turned: they sum to
    the difference of the two trial balances.
    """
    if options["at_position"] is not None:
        raise click.UsageError("--to is the position")
    view, _ = view_of({**options, "at_position": until})
    with existing_journal(Settings.read()) as (_, _, books), books.report(rules) as report:
        changes = list(report.differences(since, view))
    if as_json:
        print_json([{"sign": sign, **entry_document(entry)} for sign, entry in changes])
        return
    rows = [
        {**row, "amount": sign * row["amount"]}
        for sign, entry in changes
        for row in line_rows(entry)
    ]
    print_rows(rows, _LINE, as_csv=as_csv)


@journal.command()
@click.option("--month", required=True, metavar="YYYY-MM", help="In UTC.")
@view_options
def summary(month: str, as_csv: bool, as_json: bool, rules: str | None, **options: Any) -> None:
    """Show what moved the balances at Stripe in a month: opening, by category, closing."""
    if options["before"] is not None:
        raise click.UsageError("--month is the time")
    first, end = month_of(month)
    view, _ = view_of({**options, "before": end})
    with existing_journal(Settings.read()) as (_, _, books), books.report(rules) as report:
        summaries = report.summaries(first, view)
    rows = [
        {
            "account": each.book.account,
            "livemode": each.book.livemode,
            "ledger_account": each.ledger_account,
            "currency": each.currency,
            "what": what,
            "amount": amount,
        }
        for each in summaries
        for what, amount in (
            ("opening", each.opening), *each.activity, ("closing", each.closing)
        )
    ]  # fmt: skip
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, _SUMMARY, as_csv=as_csv)


@journal.command()
@click.argument("payout")
@click.option("--account", metavar="ID", help="The payout's account; self for your own.")
@click.option("--livemode/--testmode", "livemode", default=None)
@json_option
def reconcile(payout: str, account: str | None, livemode: bool | None, as_json: bool) -> None:
    """Show what is in PAYOUT, and what its transactions leave unexplained.

    The exit code is 1 if anything is left.
    """
    # Imported late: the other commands need not wait for a web framework to load.
    from api.resources.reconciliation import ReconciliationSchema, reconciliation_of

    selector = RowSelector(ANY if account is None else account, livemode)
    with existing_journal(Settings.read()) as (_, projections, _):
        result, _ = reconciliation_of(projections, payout, selector)
    if as_json:
        print_json(ReconciliationSchema().dump(result))
    else:
        print_table([{name: getattr(each, name) for name in _CATEGORY}
                     for each in result.categories], _CATEGORY)  # fmt: skip
        click.echo(f"payout {result.amount} {result.currency}, its transactions {result.net}")
        if result.remainder:
            click.echo(f"remainder {result.remainder} {result.currency}: {result.label}")
    if not result.is_reconciled:
        sys.exit(1)


@journal.command()
@json_option
def check(as_json: bool) -> None:
    """Work the journal out anew from the log, and compare; writes nothing.

    The exit code is 1 if anything differs: `ledger rebuild journal` mends it.
    """
    with (
        existing_journal(Settings.read()) as (_, _, books),
        closing(Progress(hidden=as_json)) as progress,
    ):
        differences = [{"problem": each.problem, "id": each.id} for each in books.check(progress)]
    if as_json:
        print_json({"differences": len(differences), "first": differences[:_PRINTED_MAX]})
    elif differences:
        print_table(differences[:_PRINTED_MAX], ("problem", "id"))
        click.echo(f"{len(differences)} differences")
    else:
        click.echo("no difference")
    if differences:
        sys.exit(1)
