"""The fast way of reading: bodies decoded into nothing but the declared paths."""

from __future__ import annotations

from projections.objects.compiled.reader import CompiledReader

__all__ = ["CompiledReader"]
