"""What guards the log in the database: its triggers and indexes, checked and made again."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

__all__ = ["create", "missing", "restore"]

_IMMUTABLE = "the log is append-only"
_OWN, _CONNECTED = "account IS NULL", "account IS NOT NULL"


class _Index(NamedTuple):
    """An index that appends and lists need, whatever its name and whether a constraint has it.

    ``only`` says which rows are in it; empty: all.
    """

    name: str
    columns: tuple[str, ...]
    is_unique: bool = False
    only: str = ""


# Those of lists are in order of position, within what a list is of; what it may be narrowed by
# beside that follows, so that rows are passed unread. Every event has a mode, what is quarantined
# has none. An event is in one of the two of modes: PostgreSQL takes `IS NULL` for no order.
_INDEXES = (
    _Index("ledger_events_position", ("id",), True),
    _Index("ledger_events_identity", ("event_id",), True),
    _Index("ledger_events_aggregate_idx", ("originator_id", "originator_version"), True),
    _Index("ledger_events_type", ("type", "id", "created", "livemode", "account")),
    _Index("ledger_events_object", ("stream", "id")),
    _Index("ledger_events_created", ("created", "id")),
    _Index("ledger_events_own", ("livemode", "id", "created"), only=_OWN),
    _Index("ledger_events_connected", ("livemode", "id", "created"), only=_CONNECTED),
    _Index("ledger_events_account", ("account", "id", "created", "livemode"), only=_CONNECTED),
)

# On PostgreSQL the head is found by its position: while somebody holds a snapshot, every version of
# it since then stays in its table, and to find the last one by a key that is the same in all of
# them is to walk all of them. On SQLite no version stays.
_HEAD_KEY = "ledger_events_head_pkey"

# SQLite keeps the texts as they are written here, so that they can be compared.
_SQLITE_TRIGGERS = {
    "ledger_events_no_update": f"""BEFORE UPDATE ON ledger_events
    BEGIN SELECT RAISE(ABORT, '{_IMMUTABLE}'); END""",
    "ledger_events_no_delete": f"""BEFORE DELETE ON ledger_events
    BEGIN SELECT RAISE(ABORT, '{_IMMUTABLE}'); END""",
    # INSERT OR REPLACE deletes the old row without firing the trigger above.
    "ledger_events_no_replace": f"""BEFORE INSERT ON ledger_events
    WHEN EXISTS (SELECT 1 FROM ledger_events WHERE id = NEW.id)
      OR EXISTS (SELECT 1 FROM ledger_events WHERE event_id = NEW.event_id)
      OR EXISTS (SELECT 1 FROM ledger_events WHERE originator_id = NEW.originator_id
                 AND originator_version = NEW.originator_version)
    BEGIN SELECT RAISE(ABORT, '{_IMMUTABLE}'); END""",
    "ledger_events_head_forward": f"""BEFORE UPDATE ON ledger_events_head
    WHEN NEW.position <= OLD.position
    BEGIN SELECT RAISE(ABORT, '{_IMMUTABLE}: the head only moves forward'); END""",
    "ledger_events_head_no_delete": f"""BEFORE DELETE ON ledger_events_head
    BEGIN SELECT RAISE(ABORT, '{_IMMUTABLE}'); END""",
    "ledger_events_head_no_replace": f"""BEFORE INSERT ON ledger_events_head
    WHEN EXISTS (SELECT 1 FROM ledger_events_head)
    BEGIN SELECT RAISE(ABORT, '{_IMMUTABLE}'); END""",
}

_POSTGRESQL_FUNCTIONS = {
    "ledger_events_refuse": f" BEGIN RAISE EXCEPTION '{_IMMUTABLE}'; END ",
    "ledger_events_head_forward": f""" BEGIN
      IF NEW.position <= OLD.position THEN
        RAISE EXCEPTION '{_IMMUTABLE}: the head only moves forward';
      END IF;
      RETURN NEW;
    END """,
}


class _Trigger(NamedTuple):
    """A trigger of PostgreSQL; ``bits`` are those by which its catalog says when it fires."""

    when: str
    bits: int
    table: str
    level: str
    function: str

    def as_in_the_catalog(self) -> tuple[str, int, str, str]:
        """What ``_PRESENT_TRIGGERS`` selects of it."""
        return self.table, self.bits, self.function, _POSTGRESQL_FUNCTIONS[self.function]


_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
_LOG, _HEAD = "ledger_events", "ledger_events_head"
_REFUSE, _FORWARD = _POSTGRESQL_FUNCTIONS

_POSTGRESQL_TRIGGERS = {
    "ledger_events_immutable": _Trigger(
        "UPDATE OR DELETE", _ROW | _BEFORE | _UPDATE | _DELETE, _LOG, "ROW", _REFUSE
    ),
    "ledger_events_no_truncate": _Trigger(
        "TRUNCATE", _BEFORE | _TRUNCATE, _LOG, "STATEMENT", _REFUSE
    ),
    # Not a second one either: no key says that there is only one.
    "ledger_events_head_no_insert": _Trigger(
        "INSERT", _ROW | _BEFORE | _INSERT, _HEAD, "ROW", _REFUSE
    ),
    "ledger_events_head_no_delete": _Trigger(
        "DELETE", _ROW | _BEFORE | _DELETE, _HEAD, "ROW", _REFUSE
    ),
    "ledger_events_head_no_truncate": _Trigger(
        "TRUNCATE", _BEFORE | _TRUNCATE, _HEAD, "STATEMENT", _REFUSE
    ),
    "ledger_events_head_forward": _Trigger(
        "UPDATE", _ROW | _BEFORE | _UPDATE, _HEAD, "ROW", _FORWARD
    ),
}

# Those that fire, always and as they were made: not disabled, without a condition.
_PRESENT_TRIGGERS = text(
    "SELECT t.tgname, c.relname, t.tgtype, p.proname, p.prosrc FROM pg_trigger t"
    " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
    " WHERE t.tgrelid IN (to_regclass(:log), to_regclass(:head)) AND NOT t.tgisinternal"
    " AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND t.tgattr = ''"
).bindparams(log=_LOG, head=_HEAD)

_PRESENT_INDEXES = text(
    "SELECT ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k(number, place)"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY k.place),"
    " i.indisunique, coalesce(pg_get_expr(i.indpred, i.indrelid), '') FROM pg_index i"
    " WHERE i.indrelid = to_regclass(:log) AND i.indisvalid AND i.indexprs IS NULL"
).bindparams(bindparam("log", _LOG))

_HAS_HEAD_KEY = text(
    "SELECT bool_or(c.contype = 'p' AND a.attname = 'position') FROM pg_constraint c"
    " JOIN pg_attribute a ON a.attrelid = c.conrelid AND ARRAY[a.attnum] = c.conkey"
    " WHERE c.conrelid = to_regclass(:head)"
).bindparams(head=_HEAD)


def create(connection: Connection) -> None:
    """Create the triggers and indexes that the tables, just created, do not have by themselves."""
    restore(connection, missing(connection))


def missing(connection: Connection) -> list[str]:
    """The triggers and indexes that are missing or not as they were made, in words."""
    present = _present_indexes(connection)
    # A unique index does what a plain one does.
    lost = [
        f"index {index.name}"
        for index in _INDEXES
        if not present & {(index.columns, unique, index.only) for unique in (True, index.is_unique)}
    ]
    if connection.dialect.name != "sqlite" and not connection.execute(_HAS_HEAD_KEY).scalar():
        lost.append(f"index {_HEAD_KEY}")
    if connection.dialect.name == "sqlite":
        texts = _sqlite_texts(connection)
        altered = [name for name in _SQLITE_TRIGGERS if texts.get(name) != _sqlite_trigger(name)]
    else:
        catalog = {row[0]: tuple(row[1:]) for row in connection.execute(_PRESENT_TRIGGERS)}
        altered = [
            name
            for name, trigger in _POSTGRESQL_TRIGGERS.items()
            if catalog.get(name)
            != (
                trigger.table,
                trigger.bits,
                trigger.function,
                _POSTGRESQL_FUNCTIONS[trigger.function],
            )
        ]
    return lost + [f"trigger {name}" for name in altered]


def restore(connection: Connection, names: list[str]) -> None:
    """Make again what ``missing`` returned."""
    execute = connection.exec_driver_sql
    is_sqlite = connection.dialect.name == "sqlite"
    for index in _INDEXES:
        if f"index {index.name}" in names:
            execute(f"DROP INDEX IF EXISTS {index.name}")
            unique = "UNIQUE " if index.is_unique else ""
            only = f" WHERE {index.only}" if index.only else ""
            columns = ", ".join(index.columns)
            execute(f"CREATE {unique}INDEX {index.name} ON {_LOG} ({columns}){only}")
    if f"index {_HEAD_KEY}" in names:
        drop = f"ALTER TABLE {_HEAD} DROP CONSTRAINT IF EXISTS {_HEAD_KEY}"
        execute(f"{drop}, ADD CONSTRAINT {_HEAD_KEY} PRIMARY KEY (position)")
    lost = [name.removeprefix("trigger ") for name in names if name.startswith("trigger ")]
    if lost and not is_sqlite:
        for name, code in _POSTGRESQL_FUNCTIONS.items():
            function = f"FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            execute(f"CREATE OR REPLACE {function} AS $${code}$$")
    for name in lost:
        if is_sqlite:
            execute(f"DROP TRIGGER IF EXISTS {name}")
            execute(_sqlite_trigger(name))
            continue
        trigger = _POSTGRESQL_TRIGGERS[name]
        execute(f"DROP TRIGGER IF EXISTS {name} ON {trigger.table}")
        execute(
            f"CREATE TRIGGER {name} BEFORE {trigger.when} ON {trigger.table}"
            f" FOR EACH {trigger.level} EXECUTE FUNCTION {trigger.function}()"
        )


def _sqlite_trigger(name: str) -> str:
    return f"CREATE TRIGGER {name} {_SQLITE_TRIGGERS[name]}"


def _sqlite_texts(connection: Connection) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    return {row.name: row.sql for row in connection.exec_driver_sql(query)}


def _present_indexes(connection: Connection) -> set[tuple[tuple[str, ...], bool, str]]:
    """The columns of each index of the log, whether it is unique, and which rows are in it."""
    if connection.dialect.name != "sqlite":
        return {
            (tuple(columns), unique, only.strip("()"))
            for columns, unique, only in connection.execute(_PRESENT_INDEXES)
        }
    execute = connection.exec_driver_sql
    # The primary key is the table itself, and in no list of indexes.
    present: set[tuple[tuple[str, ...], bool, str]] = {
        ((column.name,), True, "") for column in execute(f"PRAGMA table_info({_LOG})") if column.pk
    }
    # An index without a text is a constraint's.
    query = f"SELECT name, coalesce(sql, '') AS sql FROM sqlite_master WHERE tbl_name = '{_LOG}'"
    texts = {row.name: row.sql for row in execute(query)}
    for index in execute(f"PRAGMA index_list({_LOG})").all():
        columns: list[Any] = [c.name for c in execute(f"PRAGMA index_info({index.name})")]
        only = texts[index.name].partition(" WHERE ")[2]
        present.add((tuple(columns), bool(index.unique), only))
    return present
