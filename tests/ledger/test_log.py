"""The read side: every way of reading the log gives the same events."""

from __future__ import annotations

from ledger import Ledger, read_delivery, verify
from tests.ledger.deliveries import body, delivered, fill


def check_every_way_of_reading(ledger: Ledger) -> None:
    fill(ledger)
    log, end = ledger.log, ledger.log.head().position
    events = log.after(0, 100)
    streams = {result.originator_id for result in map(read_delivery, (e.body for e in events))}

    assert [event.position for event in events] == list(range(1, end + 1))
    assert log.scan(0, end) == events
    assert log.scan(3, 7) == events[3:7]
    assert log.at_positions({7, 2, end}) == [events[1], events[6], events[-1]]
    assert log.streams(streams, upto=end) == events
    assert log.streams(streams, upto=9) == events[:9]
    assert [
        log.event(event.event_id) or log.quarantined(event.position) for event in events
    ] == events


def test_every_way_of_reading_gives_the_same_events(ledger: Ledger) -> None:
    """By range, position, stream and id: equal events, in order of position."""
    check_every_way_of_reading(ledger)


def test_a_compressor_changes_nothing_for_readers(store_url: str) -> None:
    """Stored bytes are decoded in every way of reading, and the log verifies."""
    ledger = Ledger.open(store_url, create=True, codec={"COMPRESSOR_TOPIC": "zlib"})
    check_every_way_of_reading(ledger)

    assert ledger.log.after(0, 1)[0].body == body(1)
    assert verify(ledger).problems == []
    assert [row.conflict for row in ledger.append([delivered(body(2))])] == [False]
    ledger.close()


def test_lists_leave_bodies_out_and_keep_their_sizes(ledger: Ledger) -> None:
    """Events and quarantined bodies are listed apart, newest first, with the size of each."""
    fill(ledger)
    events = ledger.log.after(0, 100)[::-1]
    for listed, quarantined in (
        (ledger.log.events(limit=100).items, False),
        (ledger.log.quarantine(limit=100).items, True),
    ):
        expected = [event for event in events if event.is_quarantined is quarantined]

        assert [event.size for event in listed] == [len(event.body) for event in expected]
        assert [event._replace(listed_size=0) for event in listed] == [
            event._replace(body=b"") for event in expected
        ]
