"""The fast decoder: functions generated from the declarations, for bodies without anything odd."""

from __future__ import annotations

from projections.objects.compiled.reader import CompiledReader, peek

__all__ = ["CompiledReader", "peek"]
