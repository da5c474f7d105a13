"""What a user of PostgreSQL must be allowed, told before anything fails half-way."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, text

from ledger import ConfigurationError
from projections.tables.schema import SCHEMA

__all__ = ["make_schema"]

_RIGHTS = text(
    "SELECT current_user AS name, n.oid IS NOT NULL AS is_there,"
    " has_schema_privilege(n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'USAGE') AS is_ours,"
    " has_database_privilege(current_database(), 'CREATE') AS may_create"
    " FROM (SELECT to_regnamespace(:schema)::oid AS oid) AS n"
).bindparams(schema=SCHEMA)

# A table is altered and dropped, and a view replaced, only by its owner.
_OWNERS = text(
    "SELECT pg_get_userbyid(c.relowner) FROM pg_class c"
    " WHERE c.relnamespace = to_regnamespace(:schema)::oid AND c.relname IN :names"
    " AND NOT pg_has_role(c.relowner, 'USAGE') LIMIT 1"
).bindparams(bindparam("names", expanding=True), schema=SCHEMA)


def make_schema(connection: Connection, names: Iterable[str]) -> None:
    """Make PostgreSQL's schema for projections where it is missing.

    Raises ``ConfigurationError`` where the user may not, or may not make tables in it, or where one
    of ``names`` there, tables and views, is somebody else's: while it runs, a ledger replaces them.
    """
    rights = connection.execute(_RIGHTS).one()
    if not rights.is_there:
        if not rights.may_create:
            raise ConfigurationError(
                f"there is no schema {SCHEMA}, and the user {rights.name} may not make it; let the"
                f" database's owner run: CREATE SCHEMA {SCHEMA} AUTHORIZATION {rights.name}"
            )
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        return
    if not rights.is_ours:
        raise ConfigurationError(
            f"the user {rights.name} may not make tables in the schema {SCHEMA}; let its owner"
            f" run: GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO {rights.name}"
        )
    owner = connection.execute(_OWNERS, {"names": list(names)}).scalar()
    if owner is not None:
        raise ConfigurationError(
            f"projections in the schema {SCHEMA} belong to {owner}, and the user {rights.name} may"
            f" not replace them; they are made again from the log if {owner} runs: DROP SCHEMA"
            f" {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA} AUTHORIZATION {rights.name}"
        )
