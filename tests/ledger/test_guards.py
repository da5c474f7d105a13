"""What guards the log is checked, and made again where it is missing; a foreign log is refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from ledger import ConfigurationError, Ledger, verify
from ledger.chain import first_link_of_formula_1
from ledger.database import write_transaction
from tests.conftest import FreshDatabase
from tests.ledger.deliveries import behind_the_triggers, fill


def problems(ledger: Ledger) -> list[str]:
    return verify(ledger).problems


# A pair drops a trigger and makes one of its name that does nothing.
GUARDS: dict[str, list[str | tuple[str, str]]] = {
    "sqlite": [
        "DROP TRIGGER ledger_events_no_delete",
        "DROP TRIGGER ledger_events_head_forward",
        "DROP INDEX ledger_events_aggregate_idx",
        "DROP INDEX ledger_events_type",
        "DROP INDEX ledger_events_own",
        (
            "DROP INDEX ledger_events_account",
            "CREATE INDEX ledger_events_account ON ledger_events"
            " (account, id, created, livemode) WHERE account > 'b'",
        ),
        (
            "DROP TRIGGER ledger_events_no_update",
            "CREATE TRIGGER ledger_events_no_update BEFORE UPDATE ON ledger_events"
            " BEGIN SELECT 1; END",
        ),
    ],
    "postgresql": [
        "ALTER TABLE ledger_events DISABLE TRIGGER ledger_events_immutable",
        "DROP TRIGGER ledger_events_head_no_truncate ON ledger_events_head",
        "CREATE OR REPLACE FUNCTION ledger_events_refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$",
        "CREATE OR REPLACE TRIGGER ledger_events_immutable BEFORE DELETE ON ledger_events"
        " FOR EACH ROW EXECUTE FUNCTION ledger_events_refuse()",
        "CREATE OR REPLACE TRIGGER ledger_events_head_forward BEFORE UPDATE ON ledger_events_head"
        " FOR EACH ROW WHEN (NEW.position = 5) EXECUTE FUNCTION ledger_events_head_forward()",
        "ALTER TABLE ledger_events DROP CONSTRAINT ledger_events_event_id_key",
        "ALTER TABLE ledger_events DROP CONSTRAINT ledger_events_pkey",
        "DROP INDEX ledger_events_object",
        "DROP INDEX ledger_events_own",
        (
            "DROP INDEX ledger_events_account",
            "CREATE INDEX ledger_events_account ON ledger_events"
            " (account, id, created, livemode) WHERE account > 'b'",
        ),
        "ALTER TABLE ledger_events_head DROP CONSTRAINT ledger_events_head_pkey",
        # As the first versions made it, which had no trigger against a second head.
        (
            "ALTER TABLE ledger_events_head DROP CONSTRAINT ledger_events_head_pkey,"
            " ADD PRIMARY KEY (one)",
            "DROP TRIGGER ledger_events_head_no_insert ON ledger_events_head",
        ),
    ],
}


def test_a_lost_guard_is_found_and_made_again_at_the_start(ledger: Ledger, store_url: str) -> None:
    """Each trigger and index, dropped, disabled or changed: verification says so, a start mends."""
    fill(ledger)
    for statement in GUARDS[ledger.engine.dialect.name]:
        with write_transaction(ledger.engine) as connection:
            for part in statement if isinstance(statement, tuple) else (statement,):
                connection.execute(text(part))
        reported = problems(ledger)
        assert reported, statement
        assert all("is missing or altered" in problem for problem in reported), reported

        with pytest.warns(UserWarning, match="made again"):
            Ledger.open(store_url, create=True).close()
        assert problems(ledger) == [], statement


def test_an_index_that_disagrees_with_its_table_is_found(fresh_database: FreshDatabase) -> None:
    """SQLite's own check of the file is part of the verification."""
    ledger = Ledger.open(fresh_database("sqlite"), create=True)
    fill(ledger)
    with ledger.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("BEGIN")
        raw.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'stream', 'type')"
            " WHERE name = 'ledger_events_object'"
        )
        raw.execute("COMMIT")
        connection.invalidate()

    assert any("integrity check" in problem for problem in problems(ledger))
    ledger.close()


def test_a_log_of_the_first_formula_is_refused(ledger: Ledger, store_url: str) -> None:
    """Neither continued nor verified: it says which formula it has and what to do."""
    fill(ledger)
    with behind_the_triggers(ledger.engine) as connection:
        row = connection.execute(text("SELECT * FROM ledger_events WHERE id = 1")).one()
        chain = first_link_of_formula_1(row.event_id, row.received_at, bytes(row.state))
        change = "UPDATE ledger_events SET chain = :chain WHERE id = 1"
        connection.execute(text(change), {"chain": chain})

    (problem,) = problems(ledger)
    assert "formula 1" in problem
    with pytest.raises(ConfigurationError, match="formula 1"):
        Ledger.open(store_url, create=True)
