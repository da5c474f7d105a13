"""`ledger quarantine`: lists and retries deliveries that were signed but are not events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from api.commands.output import json_option, print_json, print_table, record, utc_text
from api.config.databases import existing
from api.config.settings import Settings
from api.ingest.retry import retry_quarantined
from ledger import Ledger, RecordedEvent

_PAGE = 100


@click.group()
def quarantine() -> None:
    """List and retry signed deliveries that are not events, or not of this ledger's mode."""


@quarantine.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the quarantined deliveries, newest first."""
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
    if as_json:
        print_json(rows)
    else:
        texts = [{**row, "received_at": utc_text(int(str(row["received_at"])))} for row in rows]
        print_table(texts, ["id", "reason", "received_at", "size"])


@quarantine.command()
@json_option
def retry(as_json: bool) -> None:
    """Read them again with the current settings, and append those that are events now.

    The quarantined deliveries stay in the log. Running it twice adds nothing.
    """
    settings = Settings.read()
    outcomes: Counter[str] = Counter({"stored": 0, "duplicate": 0, "quarantined": 0})
    with existing(settings) as (ledger, _):
        for summary in reversed(list(_newest_first(ledger))):
            entry = ledger.log.quarantined(summary.position)
            assert entry is not None
            outcomes[retry_quarantined(ledger, entry, settings.livemode)] += 1
    record(settings, "quarantine_retry", **outcomes)
    if as_json:
        print_json(outcomes)
    else:
        click.echo(
            f"{outcomes['stored']} appended as events, {outcomes['duplicate']} already in the log,"
            f" {outcomes['quarantined']} still quarantined"
        )


def _newest_first(ledger: Ledger) -> Iterator[RecordedEvent]:
    last: int | None = None
    while True:
        page = ledger.log.quarantine(limit=_PAGE, starting_after=last, ending_before=None)
        yield from page.items
        if not page.has_more:
            return
        last = page.items[-1].position
