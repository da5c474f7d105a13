"""`ledger journal export`: the journal as files of other programs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from api.commands.output import Progress, end_in_order, parse_timestamp
from api.commands.output_files import opened_file, write_directory
from api.config.databases import existing
from api.config.settings import Settings
from ledger import ConfigurationError, Ledger
from projections import BeyondHead, Journal, NotFound, NotReady, Projections, RowSelector, View
from projections.bookkeeping import FINGERPRINT
from projections.journal.entry import Book, Entry
from projections.journal.export.balances import AccountCurrency, TrialBalance
from projections.journal.export.formats import FORMATS, Extras
from projections.journal.export.statement import Statement
from projections.journal.export.xero import Chart
from projections.journal.from_log import entries_from_log
from projections.journal.reading import JOURNAL

__all__ = ["export", "write_export"]

_KINDS = {"balance_transaction": "balance_transactions", "payout": "payouts"}
_CHART = ("ledger_account", "code")


@click.command(
    epilog="\b\nThe formats:\n"
    + "\n".join(f"  {name:16} {each.about}" for name, each in FORMATS.items())
)
@click.option("--format", "name", type=click.Choice(list(FORMATS)), required=True)
@click.option(
    "--account",
    default="self",
    show_default=True,
    metavar="ID",
    help="The book of this connected account; self is the ledger's own.",
)
@click.option(
    "--livemode/--testmode",
    default=True,
    show_default=True,
    help="The book of live mode, or that of test mode.",
)
@click.option(
    "--before",
    callback=parse_timestamp,
    metavar="TIME",
    help="Only money dated before this: Unix seconds or RFC 3339.",
)
@click.option(
    "--at-position",
    type=click.IntRange(0),
    metavar="P",
    help="As known at this position of the log; its end by default.",
)
@click.option(
    "--chart",
    "chart_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="For xero: the codes of accounts; columns ledger_account and code.",
)
@click.option(
    "--output", "-o", type=click.Path(allow_dash=True, path_type=Path), default="-",
    metavar="PATH", help="A file, or a new directory if the format is several; by default stdout.",
)  # fmt: skip
def export(
    name: str,
    account: str,
    livemode: bool,
    before: int | None,
    at_position: int | None,
    chart_file: Path | None,
    output: Path,
) -> None:
    """Export a book of the journal for another program.

    The same book, --before and --at-position give the same bytes for ever, whatever arrives later:
    write the position down with the month that you close.
    """
    settings = Settings.read()
    if FORMATS[name].is_split and str(output) == "-":
        raise ConfigurationError(f"{name} is several files: --output names a new directory")
    chart = None if chart_file is None else _chart(chart_file)
    book = Book(None if account == "self" else account, livemode=livemode)
    with existing(settings) as (ledger, projections), end_in_order():
        position = _position(ledger, at_position)
        statement = Statement(book, position, before, JOURNAL.version)
        rows = _Rows(projections, RowSelector(*book, at_position=at_position))
        with _entries(ledger, statement) as (entries, balances):
            extras = Extras(balances, rows.describe, chart)
            names = write_export(name, output, statement, entries, extras)
    if FORMATS[name].is_split:
        click.echo(f"{len(names)} files in {output}", err=True)


def write_export(
    name: str, output: Path, statement: Statement, entries: Iterable[Entry], extras: Extras
) -> list[str]:
    """Write a format to a file, or to a new directory if it is several; the files' names."""
    parts = FORMATS[name].write(statement, entries, extras)
    if FORMATS[name].is_split:
        return write_directory(output, parts)
    with opened_file(output) as file:
        for part in parts:
            file.write(part.text.encode())
    return [output.name]


def _position(ledger: Ledger, wanted: int | None) -> int:
    head = ledger.log.head().position
    if wanted is not None and wanted > head:
        raise BeyondHead(f"the log ends at {head}")
    return head if wanted is None else wanted


@contextmanager
def _entries(
    ledger: Ledger, statement: Statement
) -> Iterator[tuple[Iterable[Entry], TrialBalance | None]]:
    """The entries of a statement and what they come to: as stored, if all of that is stored.

    If not, they are worked out from the log: the same ones, but slower.
    """
    book, before, position = statement.book, statement.before, statement.at_position
    with closing(Journal.open(ledger)) as journal:
        if journal.exists() and journal.position() >= position > 0:
            view = View(before, position, book.account or "self", book.livemode)
            with journal.report(FINGERPRINT) as report:
                balances = {
                    AccountCurrency(each.ledger_account, each.currency): each.balance
                    for each in report.trial_balance(view)
                }
                yield report.entries_of(book, view), balances
            return
    with closing(Progress(hidden=False)) as progress:
        entries = entries_from_log(ledger.log, book, at_position=position, progress=progress)
    yield (each for each in entries if before is None or each.posting.date < before), None


def _chart(path: Path) -> Chart:
    """The codes of accounts in a file; raises ``ConfigurationError``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if not all(row.get(column) for row in rows for column in _CHART):
        raise ConfigurationError(f"{path} needs the columns {' and '.join(_CHART)} in every row")
    return {row["ledger_account"]: row["code"] for row in rows}


class _Rows:
    """What the rows of objects say beside the money, as they were at a position if there is one."""

    def __init__(self, projections: Projections, selector: RowSelector) -> None:
        self._projections = projections
        self._selector = selector

    def describe(self, object_: str, id_: str) -> Mapping[str, Any]:
        """The row of an object; empty where there is none (yet).

        Of a position it has to be whole: raises ``NotReady`` before the projections are there.
        """
        try:
            row = self._projections.get(_KINDS[object_], id_, self._selector).row
        except NotFound:
            return {}
        except NotReady:
            if self._selector.is_past:
                raise
            return {}
        assert isinstance(row, dict)
        return row
