"""Types of columns that mean the same on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.types import TypeEngine

__all__ = ["EXACT", "INTEGER"]

# 64 bits; on SQLite only `INTEGER` may be a row's number.
INTEGER: TypeEngine[Any] = BigInteger().with_variant(Integer(), "sqlite")
# Compared byte by byte: an id is no word of a language.
EXACT: TypeEngine[Any] = Text().with_variant(Text(collation="C"), "postgresql")
