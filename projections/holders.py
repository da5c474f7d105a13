"""Who is in a flip's way: the sessions that hold a lock on a kind's view."""

from __future__ import annotations

from sqlalchemy import Connection, text

from projections.tables import SCHEMA

__all__ = ["holders"]

_HOLDERS = text("""
    SELECT DISTINCT activity.pid, activity.usename, activity.application_name, activity.state,
           cast(extract(epoch FROM now() - activity.xact_start) AS bigint) AS seconds
    FROM pg_locks held
    JOIN pg_class ON pg_class.oid = held.relation
    JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    JOIN pg_stat_activity activity ON activity.pid = held.pid
    WHERE held.granted AND pg_namespace.nspname = :schema AND pg_class.relname = :view
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND activity.pid <> pg_backend_pid()
    ORDER BY activity.pid
""")


def holders(connection: Connection, kind: str) -> list[str]:
    """The sessions, in words; on SQLite, where a reader is in nobody's way, none."""
    if connection.dialect.name != "postgresql":
        return []
    found = connection.execute(_HOLDERS, {"schema": SCHEMA, "view": kind})
    return [
        f"pid {row.pid} ({row.usename}{f', {row.application_name}' if row.application_name else ''}"
        f", {row.state}, {row.seconds or 0} s)"
        for row in found
    ]
