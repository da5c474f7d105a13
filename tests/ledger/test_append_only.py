"""The log can be changed by nothing but an append."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger import GENESIS, Ledger, verify
from tests.ledger.deliveries import body, delivered, fill

_COLUMNS = ("originator_id, originator_version, topic, state, {id} AS id, {event_id} AS event_id,"
            " stream, type, account, livemode, api_version, created, received_at, source,"
            " chain")  # fmt: skip
_NAMES = ("originator_id, originator_version, topic, state, id, event_id, stream, type, account,"
          " livemode, api_version, created, received_at, source, chain")  # fmt: skip


def copied(insert: str, id: str = "id", event_id: str = "event_id") -> str:
    """An insert of row 3 with another position or another event id."""
    columns = _COLUMNS.format(id=id, event_id=event_id)
    return (
        f"{insert} INTO ledger_events ({_NAMES}) SELECT {columns} FROM ledger_events WHERE id = 3"
    )


ON_BOTH = {
    "update": "UPDATE ledger_events SET source = 'webhook' WHERE id = 1",
    "update nothing new": "UPDATE ledger_events SET id = id",
    "delete": "DELETE FROM ledger_events WHERE id = 17",
    "delete all": "DELETE FROM ledger_events",
    "the head back": "UPDATE ledger_events_head SET position = position - 1",
    "the head on the spot": "UPDATE ledger_events_head SET chain = chain",
    "the head deleted": "DELETE FROM ledger_events_head",
    "a second head": "INSERT INTO ledger_events_head (one, position, chain)"
                     " SELECT 2, position, chain FROM ledger_events_head",
    "the same position": copied("INSERT", event_id="'evt_new'"),
    "the same event id": copied("INSERT", id="99"),
}  # fmt: skip
ON_ONE = {
    "sqlite": {
        "replace a position": copied("INSERT OR REPLACE", event_id="'evt_new'"),
        "replace an event id": copied("INSERT OR REPLACE", id="99"),
        "replace a place in a stream": copied("INSERT OR REPLACE", "99", "'evt_new'"),
        "replace the head": "INSERT OR REPLACE INTO ledger_events_head (one, position, chain)"
                            " SELECT 1, 0, chain FROM ledger_events_head",
        "update or replace": "UPDATE OR REPLACE ledger_events SET id = 1 WHERE id = 2",
    },
    "postgresql": {
        "truncate": "TRUNCATE ledger_events",
        "truncate both": "TRUNCATE ledger_events, ledger_events_head",
        "truncate the head": "TRUNCATE ledger_events_head",
        "upsert": copied("INSERT") + " ON CONFLICT (event_id) DO UPDATE SET source = 'webhook'",
    },
}  # fmt: skip


def test_nothing_but_an_append_changes_the_log(ledger: Ledger) -> None:
    """UPDATE, DELETE, TRUNCATE, INSERT OR REPLACE and a head moved back are each refused."""
    fill(ledger)
    before = (ledger.log.after(0, 100), ledger.log.head())

    for name, statement in {**ON_BOTH, **ON_ONE[ledger.engine.dialect.name]}.items():
        with ledger.engine.connect() as connection, pytest.raises(DBAPIError):
            connection.execute(text(statement))
        assert (ledger.log.after(0, 100), ledger.log.head()) == before, name
    assert verify(ledger).problems == []


def test_an_append_succeeds_after_a_refused_statement(ledger: Ledger) -> None:
    """A refused statement leaves nothing behind that disturbs the next append."""
    fill(ledger)
    with pytest.raises(DBAPIError), ledger.engine.connect() as connection, connection.begin():
        connection.execute(text(ON_BOTH["delete all"]))
    (appended,) = ledger.append([delivered(body(500))])

    assert (appended.status, appended.position) == ("stored", 18)


def test_creating_the_tables_again_changes_nothing(store_url: str) -> None:
    """Opening an existing ledger with `create` leaves its rows and its head as they are."""
    first = Ledger.open(store_url, create=True)
    assert first.log.head().chain == GENESIS
    fill(first)
    head = first.log.head()
    first.close()

    second = Ledger.open(store_url, create=True)
    assert second.log.head() == head
    assert verify(second).problems == []
    second.close()
