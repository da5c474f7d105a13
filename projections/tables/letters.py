"""The dead letters of rows that the database refuses, beside those of events nobody can read."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Table, select

__all__ = ["LOST", "REFUSED", "having_letters", "is_lost", "refused_keys"]

# How their errors begin.
REFUSED = "the row cannot be stored: "
# How their keys begin where the states, too, were refused: what is stored does not know the newest
# events, and the row is to be folded anew. No row's key begins so, because no id does.
LOST = b"\x00"
_AFTER_LOST = b"\x01"


def is_lost(letters: Table) -> ColumnElement[bool]:
    """Whether a dead letter is one of a row that is to be folded anew."""
    return letters.c.row_key < _AFTER_LOST


def having_letters(connection: Connection, letters: Table, names: Iterable[str]) -> dict[str, bool]:
    """Whether tables have dead letters, by name."""
    query = select(letters.c.table_name).where(letters.c.table_name.in_(list(names)))
    having = set(connection.execute(query.distinct()).scalars())
    return {name: name in having for name in names}


def refused_keys(connection: Connection, letters: Table, table_name: str) -> set[bytes]:
    """The keys of a table's rows that the database refused."""
    of_table = (letters.c.table_name == table_name, letters.c.error.startswith(REFUSED))
    keys = connection.execute(select(letters.c.row_key).where(*of_table)).scalars()
    return {bytes(key).removeprefix(LOST) for key in keys}
