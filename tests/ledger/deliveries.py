"""A small log with rows of every sort, and a transaction that bypasses its triggers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text

from ledger import Delivery, Imported, Ledger, import_file, read_delivery
from ledger.database import write_transaction


def body(number: int, **more: Any) -> bytes:
    """An event's bytes; spaces and key order are none that our own code would write."""
    document = {
        "type": "charge.succeeded",
        "id": f"evt_{number}",
        "object": "event",
        "created": 1000 + number,
        "livemode": number % 2 == 0,
        "api_version": "2026-10-28.endive",
        "account": f"acct_{number % 3}" if number % 3 else None,
        "data": {
            "object": {"id": f"ch_{number % 5}", "object": "charge", "n": "\u20ac\ud83d\ude00"}
        },
        **more,
    }
    return json.dumps(document, separators=(" , ", " :")).encode()


def delivered(body: bytes, received_at: int = 1_700_000_000_123_456) -> Delivery:
    """The delivery of a body, as the webhook makes it."""
    return Delivery(body, "webhook", received_at, read_delivery(body))


NOT_EVENTS = (b"", b"\xff\xfe\x00", b"[]", b'{"object": "event"}', b'{"a": NaN}', b'{"a":1,"a":2}')


def fill(ledger: Ledger, events: int = 10) -> None:
    """Events of several streams, accounts and modes, and bodies that are no events."""
    bodies = [body(number) for number in range(1, events + 1)]
    bodies[3:3] = NOT_EVENTS
    # A reused id is quarantined although its body is an event by itself.
    bodies.append(body(1, type="charge.updated"))
    for number, body_bytes in enumerate(bodies):
        ledger.append([delivered(body_bytes, 1_700_000_000_000_000 + number)])


def imported_lines(ledger: Ledger, lines: Iterable[bytes], **options: Any) -> Imported:
    """Import a file of these lines."""
    return import_file(ledger, io.BytesIO(b"".join(lines)), **options)


@contextmanager
def behind_the_triggers(engine: Engine) -> Iterator[Connection]:
    """A transaction of an attacker who owns the database: no trigger stops it."""
    with write_transaction(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            yield connection
            return
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(text(query)).all()
        for name, _ in triggers:
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
        for _, sql in triggers:
            connection.exec_driver_sql(sql)
