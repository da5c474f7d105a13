"""Every kind of row, found in this folder: adding a kind is adding one file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from projections.rows.family import in_families
from projections.rows.kind import Kind
from projections.rows.personal import without_personal_data

__all__ = ["KINDS", "declared"]


def _declared() -> dict[str, Kind]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    kinds = [module.KIND for module in modules if hasattr(module, "KIND")]
    return in_families({kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)})


KINDS: Mapping[str, Kind] = _declared()


@cache
def declared(*, personal_data: bool) -> Mapping[str, Kind]:
    """Every kind, with personal data or without it."""
    return KINDS if personal_data else in_families(without_personal_data(KINDS))
