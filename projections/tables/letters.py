"""The dead letters of rows that the database refuses, beside those of events nobody can read."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, select

__all__ = ["LOST", "REFUSED", "is_lost", "refused_keys"]

# How their errors begin.
REFUSED = "the row cannot be stored: "
# How their keys begin where the states, too, were refused: what is stored does not know the newest
# events, and the row is to be folded anew. No row's key begins so, because no id does.
LOST = b"\x00"
_AFTER_LOST = b"\x01"


def is_lost(letters: Table) -> ColumnElement[bool]:
    """Whether a dead letter is one of a row that is to be folded anew."""
    return letters.c.row_key < _AFTER_LOST


def refused_keys(connection: Connection, letters: Table, table_name: str) -> set[bytes]:
    """The keys of a table's rows that the database refused."""
    of_table = (letters.c.table_name == table_name, letters.c.error.startswith(REFUSED))
    keys = connection.execute(select(letters.c.row_key).where(*of_table)).scalars()
    return {bytes(key).removeprefix(LOST) for key in keys}
