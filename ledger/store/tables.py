"""The log's tables, its head row, and the triggers that make the log append-only."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from ledger.chain import GENESIS
from ledger.database import advisory_lock, use_wal, write_transaction

__all__ = ["HEAD", "create"]

HEAD = Table(
    "ledger_events_head",
    MetaData(),
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
    Column("chain", LargeBinary, nullable=False),
)

# Any number that nothing else uses: processes that start at once wait for each other.
_CREATE_LOCK = 0x6C656467

# Each ends in the position: lists of a type or an object are read newest first.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS ledger_events_type ON ledger_events (type, id)",
    "CREATE INDEX IF NOT EXISTS ledger_events_object ON ledger_events (stream, id)",
)

# PostgreSQL's own compression halves the size of the log, and more than halves its speed.
_UNCOMPRESSED = "ALTER TABLE ledger_events ALTER COLUMN state SET STORAGE EXTERNAL"

_IMMUTABLE = "the log is append-only"

_SQLITE_TRIGGERS = (
    """CREATE TRIGGER IF NOT EXISTS ledger_events_no_update BEFORE UPDATE ON ledger_events
    BEGIN SELECT RAISE(ABORT, '{why}'); END""",
    """CREATE TRIGGER IF NOT EXISTS ledger_events_no_delete BEFORE DELETE ON ledger_events
    BEGIN SELECT RAISE(ABORT, '{why}'); END""",
    # INSERT OR REPLACE deletes the old row without firing the trigger above.
    """CREATE TRIGGER IF NOT EXISTS ledger_events_no_replace BEFORE INSERT ON ledger_events
    WHEN EXISTS (SELECT 1 FROM ledger_events WHERE id = NEW.id)
      OR EXISTS (SELECT 1 FROM ledger_events WHERE event_id = NEW.event_id)
      OR EXISTS (SELECT 1 FROM ledger_events WHERE originator_id = NEW.originator_id
                 AND originator_version = NEW.originator_version)
    BEGIN SELECT RAISE(ABORT, '{why}'); END""",
    """CREATE TRIGGER IF NOT EXISTS ledger_events_head_forward BEFORE UPDATE ON ledger_events_head
    WHEN NEW.position <= OLD.position
    BEGIN SELECT RAISE(ABORT, '{why}: the head only moves forward'); END""",
    """CREATE TRIGGER IF NOT EXISTS ledger_events_head_no_delete BEFORE DELETE
    ON ledger_events_head BEGIN SELECT RAISE(ABORT, '{why}'); END""",
    """CREATE TRIGGER IF NOT EXISTS ledger_events_head_no_replace BEFORE INSERT
    ON ledger_events_head WHEN EXISTS (SELECT 1 FROM ledger_events_head)
    BEGIN SELECT RAISE(ABORT, '{why}'); END""",
)

_POSTGRESQL_TRIGGERS = (
    """CREATE OR REPLACE FUNCTION ledger_events_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{why}'; END $$""",
    """CREATE OR REPLACE FUNCTION ledger_events_head_forward() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
      IF NEW.position <= OLD.position THEN
        RAISE EXCEPTION '{why}: the head only moves forward';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE OR REPLACE TRIGGER ledger_events_immutable BEFORE UPDATE OR DELETE ON ledger_events
    FOR EACH ROW EXECUTE FUNCTION ledger_events_refuse()""",
    """CREATE OR REPLACE TRIGGER ledger_events_no_truncate BEFORE TRUNCATE ON ledger_events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_events_refuse()""",
    """CREATE OR REPLACE TRIGGER ledger_events_head_no_delete BEFORE DELETE ON ledger_events_head
    FOR EACH ROW EXECUTE FUNCTION ledger_events_refuse()""",
    """CREATE OR REPLACE TRIGGER ledger_events_head_no_truncate BEFORE TRUNCATE
    ON ledger_events_head FOR EACH STATEMENT EXECUTE FUNCTION ledger_events_refuse()""",
    """CREATE OR REPLACE TRIGGER ledger_events_head_forward BEFORE UPDATE ON ledger_events_head
    FOR EACH ROW EXECUTE FUNCTION ledger_events_head_forward()""",
)


def create(engine: Engine, events: Table) -> None:
    """Create the log's tables and triggers where they are missing.

    Any number of processes may do so at once. Nothing is altered where all of them exist, so that
    a start takes no heavy lock beside a running ledger. Raises ``StoreUnavailable``.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    use_wal(engine)
    with write_transaction(engine) as connection:
        advisory_lock(connection, _CREATE_LOCK)
        if _is_complete(connection):
            return
        events.create(connection, checkfirst=True)
        HEAD.create(connection, checkfirst=True)
        for statement in _INDEXES:
            connection.exec_driver_sql(statement)
        if not is_sqlite:
            connection.exec_driver_sql(_UNCOMPRESSED)
        for statement in _SQLITE_TRIGGERS if is_sqlite else _POSTGRESQL_TRIGGERS:
            connection.exec_driver_sql(statement.format(why=_IMMUTABLE))
        # Last, so that its presence means that all the rest exists.
        connection.execute(HEAD.insert().values(one=1, position=0, chain=GENESIS))


def _is_complete(connection: Connection) -> bool:
    if not connection.dialect.has_table(connection, HEAD.name):
        return False
    return connection.execute(HEAD.select()).first() is not None
