"""`ledger quarantine`: what was signed but is no event, and another try at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from api.commands.output import as_json, json_option, table, when
from api.config.databases import existing
from api.config.settings import Settings
from ledger import Delivery, Entry, Event, Ledger, read_delivery

_PAGE = 100


@click.group()
def quarantine() -> None:
    """Deliveries that Stripe signed but that are no events, or not of this ledger's mode."""


@quarantine.command("list")
@json_option
def list_(as_program: bool) -> None:
    """List them, newest first."""
    with existing(Settings.read()) as (ledger, _):
        rows = [
            {
                "id": f"qd_{entry.position}",
                "position": entry.position,
                "reason": entry.reason,
                "received_at": entry.received_at,
                "size": entry.size,
            }
            for entry in _newest_first(ledger)
        ]
    if as_program:
        as_json(rows)
    else:
        shown = [{**row, "received_at": when(int(str(row["received_at"])))} for row in rows]
        table(shown, ["id", "reason", "received_at", "size"])


@quarantine.command()
@json_option
def retry(as_program: bool) -> None:
    """Judge them once more, by today's settings; what is an event now is appended as one.

    The quarantined entry stays, for the log forgets nothing. Running it twice adds nothing.
    """
    settings = Settings.read()
    outcomes: Counter[str] = Counter({"stored": 0, "duplicate": 0, "quarantined": 0})
    with existing(settings) as (ledger, _):
        for listed in reversed(list(_newest_first(ledger))):
            entry = ledger.log.quarantined(listed.position)
            assert entry is not None
            outcomes[_retry(ledger, entry, settings)] += 1
    if as_program:
        as_json(outcomes)
    else:
        click.echo(
            f"{outcomes['stored']} appended as events, {outcomes['duplicate']} in the log already,"
            f" {outcomes['quarantined']} still quarantined"
        )


def _retry(ledger: Ledger, entry: Entry, settings: Settings) -> str:
    fact = read_delivery(entry.body, livemode=settings.livemode)
    if not isinstance(fact, Event):
        return "quarantined"
    [appended] = ledger.append([Delivery(entry.body, entry.source, entry.received_at, fact)])
    # A duplicate with a reason is one of the quarantined entry itself: its id belongs to another.
    return "quarantined" if appended.reason is not None else appended.status


def _newest_first(ledger: Ledger) -> Iterator[Entry]:
    last: int | None = None
    while True:
        page = ledger.log.quarantine(limit=_PAGE, starting_after=last, ending_before=None)
        yield from page.items
        if not page.has_more:
            return
        last = page.items[-1].position
