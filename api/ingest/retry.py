"""Reading a quarantined delivery once more, with the settings as they are by now."""

from __future__ import annotations

from ledger import Delivery, Event, Ledger, RecordedEvent, read_delivery

__all__ = ["retry_quarantined"]


def retry_quarantined(ledger: Ledger, entry: RecordedEvent, livemode: bool | None) -> str:
    """Append it if it is an event now; `stored`, `duplicate`, or `quarantined` as before.

    The quarantined delivery stays in the log.
    """
    fact = read_delivery(entry.body, livemode=livemode)
    if not isinstance(fact, Event):
        return "quarantined"
    [appended] = ledger.append([Delivery(entry.body, entry.source, entry.received_at, fact)])
    # With a reason it is a duplicate of the quarantined entry itself: another body has the id.
    return "quarantined" if appended.reason is not None else appended.status
