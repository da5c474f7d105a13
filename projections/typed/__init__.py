"""The fast way of reading: bodies decoded into nothing but the declared paths."""

from __future__ import annotations

from projections.typed.reader import TypedReader

__all__ = ["TypedReader"]
