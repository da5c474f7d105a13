"""What a search finds a row by, beside its ids: its kind's search fields, and its metadata."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from projections.rows.kind import Kind

__all__ = ["TERM_CHARACTERS_MAX", "normal", "row_terms"]

# Longer values are found by their beginning; an index entry has to fit into a page.
TERM_CHARACTERS_MAX = 100


def normal(value: str) -> str:
    """A value as a term: without regard to case and to blanks around it, and no longer than that.

    Empty where nothing is left of it.
    """
    return value.strip().casefold()[:TERM_CHARACTERS_MAX]


def row_terms(kind: Kind, row: Mapping[str, Any]) -> dict[str, str]:
    """Each term of a row, with the field that it is found in (``metadata.order_id``)."""
    terms: dict[str, str] = {}
    for name, value in _values(kind, row):
        if value.__class__ is not str:
            # Of what a merchant may keep there, texts and numbers are looked for.
            if value.__class__ is not int and value.__class__ is not float:
                continue
            value = str(value)
        if term := normal(value):
            terms.setdefault(term, name)
    return terms


def _values(kind: Kind, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in kind.search:
        value = row[name]
        if value is not None:
            yield name, value
    # Each word counts too, once all whole values did.
    for name in kind.searched_by_word:
        value = row[name]
        if value is not None and " " in value:
            for word in value.split():
                yield name, word.strip(string.punctuation)
    metadata = row["metadata"]
    if metadata:
        for key, value in metadata.items():
            yield f"metadata.{key}", value
