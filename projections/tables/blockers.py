"""What is in a cutover's way: sessions that hold a kind's view, and what is built on it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from projections.tables.schema import SCHEMA

__all__ = ["blockers", "dependents"]

_BLOCKERS = text("""
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


def blockers(connection: Connection, kind: str) -> list[str]:
    """The sessions, in words; on SQLite, where a reader is in nobody's way, none."""
    if connection.dialect.name != "postgresql":
        return []
    sessions = connection.execute(_BLOCKERS, {"schema": SCHEMA, "view": kind})
    return [
        f"pid {row.pid} ({row.usename}{f', {row.application_name}' if row.application_name else ''}"
        f", {row.state}, {row.seconds or 0} s)"
        for row in sessions
    ]


# Views and functions alike: whatever PostgreSQL would refuse to drop the view for.
_DEPENDENTS = text("""
    SELECT DISTINCT CASE
        WHEN pg_rewrite.oid IS NOT NULL THEN cast(cast(pg_rewrite.ev_class AS regclass) AS text)
        ELSE pg_describe_object(pg_depend.classid, pg_depend.objid, pg_depend.objsubid)
    END
    FROM pg_depend
    LEFT JOIN pg_rewrite
      ON pg_depend.classid = cast('pg_rewrite' AS regclass) AND pg_rewrite.oid = pg_depend.objid
    JOIN pg_class ours
      ON pg_depend.deptype = 'n' AND (
        (pg_depend.refclassid = cast('pg_class' AS regclass) AND pg_depend.refobjid = ours.oid)
        OR (pg_depend.refclassid = cast('pg_type' AS regclass) AND pg_depend.refobjid IN (
            ours.reltype, (SELECT typarray FROM pg_type WHERE pg_type.oid = ours.reltype)))
      )
    JOIN pg_namespace ON pg_namespace.oid = ours.relnamespace
    WHERE pg_namespace.nspname = :schema AND ours.relname = :view
      AND pg_rewrite.ev_class IS DISTINCT FROM ours.oid
    ORDER BY 1
""")


def dependents(connection: Connection, kind: str) -> list[str]:
    """What others have built on a kind's view; on SQLite, which drops it all the same, nothing."""
    if connection.dialect.name != "postgresql":
        return []
    names = connection.execute(_DEPENDENTS, {"schema": SCHEMA, "view": kind})
    return list(names.scalars())
