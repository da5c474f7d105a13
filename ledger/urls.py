"""Database URLs: what they may say, what is passed on to the driver, and what may be printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ledger.errors import ConfigurationError

__all__ = ["database_url", "postgresql_arguments", "without_secrets"]

# Parameters whose values may be printed. Any other may be a password, if only a misspelt one.
_PRINTABLE = frozenset({"host", "hostaddr", "port", "sslmode", "application_name", "service"})
_MASK = "***"


def database_url(text: str) -> URL:
    """The text of ``LEDGER_DATABASE_URL`` as SQLAlchemy's URL; ``postgresql://`` means psycopg 3.

    Raises ``ConfigurationError`` for anything but a SQLite file or PostgreSQL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "LEDGER_DATABASE_URL is no database URL; write for example"
            " sqlite:///ledger.db or postgresql://user:password@host/database"
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
            raise ConfigurationError(
                "LEDGER_DATABASE_URL names no SQLite file; a ledger has to outlive its process:"
                " write for example sqlite:///ledger.db"
            )
        return url.set(drivername="sqlite")
    if url.drivername == "postgresql+psycopg":
        _refuse_postgresql(url)
        return url
    raise ConfigurationError(
        f"LEDGER_DATABASE_URL has the driver {url.drivername!r};"
        " use sqlite or postgresql (which is postgresql+psycopg)"
    )


def without_secrets(url: str | URL) -> str:
    """A database's URL for people: passwords are masked, wherever they are."""
    parsed = make_url(url)
    query = {name: value if name in _PRINTABLE else _MASK for name, value in parsed.query.items()}
    return parsed.set(query=query).render_as_string(hide_password=True)


def _refuse_postgresql(url: URL) -> None:
    """Raise ``ConfigurationError`` for a URL of PostgreSQL that cannot be what was meant."""
    if "@" in (url.host or ""):
        # The part before it would be taken for the host, and printed.
        raise ConfigurationError(
            "LEDGER_DATABASE_URL has an @ in its user or password; write it as %40"
        )
    try:
        import psycopg  # noqa: F401  # only ledgers on PostgreSQL have it
    except ImportError as error:
        raise ConfigurationError(
            f"LEDGER_DATABASE_URL needs the extra postgres, pip install 'stripe-ledger[postgres]'"
            f" ({str(error).splitlines()[0]})"
        ) from None


def postgresql_arguments(
    url: URL, settings: Mapping[str, str | int], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments of libpq beside the URL's own parameters.

    ``defaults`` are for what the URL does not say. ``settings`` are the server's, and win over
    those that the URL or the environment has in ``options``; the others of these are passed on.
    """
    written = url.query.get("options", os.environ.get("PGOPTIONS", ""))
    options = [written] if isinstance(written, str) else list(written)
    options += [f"-c {name}={value}" for name, value in settings.items()]
    return {
        **{name: value for name, value in defaults.items() if name not in url.query},
        "options": " ".join(filter(None, options)),
        # Whatever the environment or the role has: bodies and names are UTF-8.
        "client_encoding": "utf8",
    }
