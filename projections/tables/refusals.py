"""Which errors of a write lie in its data, so that no later attempt would succeed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from projections.errors import DataRefused

__all__ = ["refusals"]

# PostgreSQL's class of limits that a value goes beyond, like the size of an index entry.
_LIMIT_EXCEEDED = "54"
# How drivers begin when they do not know how to send a value; the rest of the class is misuse.
_UNKNOWN_VALUE = ("Error binding parameter", "cannot adapt")
# All that SQLite says of a constraint: which, and of what column; never a value.
_CONSTRAINT = re.compile(r"(?:UNIQUE|NOT NULL) constraint failed: [\w.]+(?:, [\w.]+)*")


@contextmanager
def refusals(connection: Connection) -> Iterator[None]:
    """Raise ``DataRefused`` in place of an error that lies in the data of the writes inside.

    All else passes: an unreachable, locked or full database, a table that is missing, a deadlock.
    """
    try:
        yield
    except Exception as error:
        # SQLAlchemy's errors carry the driver's.
        original = getattr(error, "orig", None) or error
        if not _lies_in_data(original, connection.dialect.loaded_dbapi):
            raise
        raise DataRefused(_reason(original)) from error


def _lies_in_data(error: BaseException, driver: Any) -> bool:
    if isinstance(error, driver.DataError | driver.IntegrityError):
        return True
    if isinstance(error, driver.Error):
        sqlstate = getattr(error, "sqlstate", None) or ""
        return sqlstate.startswith(_LIMIT_EXCEEDED) or str(error).startswith(_UNKNOWN_VALUE)
    # What is raised before a statement is sent: a value cannot be encoded.
    return not isinstance(error, SQLAlchemyError | OSError | MemoryError)


def _reason(error: BaseException) -> str:
    """The error's type and the constraint's name: no value and no SQL, which may be anybody's."""
    diagnostics = getattr(error, "diag", None)
    names = [getattr(diagnostics, name, None) for name in ("constraint_name", "column_name")]
    constraint = _CONSTRAINT.fullmatch(str(error))
    detail = constraint[0] if constraint else next(filter(None, names), None)
    return type(error).__name__ + (f" ({detail})" if detail else "")
