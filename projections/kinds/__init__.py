"""Every kind of row, found in this folder: adding a kind is adding one file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from projections.rows.kind import Kind

__all__ = ["KINDS"]


def _declared() -> dict[str, Kind]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    kinds = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)}


KINDS: Mapping[str, Kind] = _declared()
