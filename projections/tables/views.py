"""The views by which SQL reads a kind, whichever table serves it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from projections.errors import CutoverBlocked
from projections.tables.blockers import dependents
from projections.tables.schema import SCHEMA, KindTables

__all__ = ["set_view"]


def set_view(connection: Connection, tables: KindTables) -> None:
    """Let the view of a kind show some tables' rows; who could read it still can.

    Raises ``CutoverBlocked`` where somebody built something on the view.
    """
    view, prefix = tables.kind.name, f"{tables.schema}." if tables.schema else ""
    grants = _drop_view(connection, view, prefix)
    columns = ", ".join(f'"{column.name}"' for column in tables.kind.columns)
    connection.execute(
        text(f"CREATE VIEW {prefix}{view} AS SELECT {columns} FROM {prefix}{tables.name}")
    )
    for grant in grants:
        connection.exec_driver_sql(grant)


def _drop_view(connection: Connection, view: str, prefix: str) -> list[str]:
    """Drop the view; returns the statements that restore its grants."""
    if not prefix:
        connection.execute(text(f"DROP VIEW IF EXISTS {view}"))
        return []
    dependent = dependents(connection, view)
    if dependent:
        raise CutoverBlocked(
            f"{', '.join(dependent)} is built on {SCHEMA}.{view}: drop it, rebuild, and create"
            " it again"
        )
    grants = connection.execute(_GRANTS, {"view": f"{prefix}{view}"}).scalars().all()
    connection.execute(text(f"DROP VIEW IF EXISTS {prefix}{view}"))
    return list(grants)


# All grants of others, also on columns; PostgreSQL writes them itself, quoted as they must be.
_GRANTS = text("""
    SELECT format(
        'GRANT %s%s ON %s TO %s%s', acl.privilege_type, acl.of_column,
        cast(acl.view AS regclass), coalesce(quote_ident(grantee.rolname), 'PUBLIC'),
        CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    )
    FROM (
        SELECT view.oid AS view, view.relowner, '' AS of_column, (aclexplode(view.relacl)).*
        FROM pg_class view
        UNION ALL
        SELECT view.oid, view.relowner, format(' (%I)', part.attname), (aclexplode(part.attacl)).*
        FROM pg_class view JOIN pg_attribute part ON part.attrelid = view.oid
    ) acl
    LEFT JOIN pg_roles grantee ON grantee.oid = acl.grantee
    WHERE acl.view = to_regclass(:view) AND acl.grantee <> acl.relowner
""")
