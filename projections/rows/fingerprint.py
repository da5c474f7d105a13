"""A declaration as a text, and the text of the code it calls: what its fingerprint is made of."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

__all__ = ["describe"]


def describe(thing: Any) -> str:
    """A declaration as a text that is the same in every process; functions by their code."""
    if is_dataclass(thing) and not isinstance(thing, type):
        parts = {part.name: getattr(thing, part.name) for part in fields(thing)}
        # The meaning is prose: rewording it changes no row.
        parts.pop("about", None)
        return f"{type(thing).__name__}({describe(parts)})"
    if isinstance(thing, Mapping):
        return "{" + ",".join(f"{key}:{describe(thing[key])}" for key in sorted(thing)) + "}"
    if isinstance(thing, tuple | list):
        return "[" + ",".join(describe(item) for item in thing) + "]"
    if isinstance(thing, frozenset):
        return "[" + ",".join(sorted(map(str, thing))) + "]"
    if callable(thing):
        return _code_of(thing)
    return repr(thing)


def _code_of(function: Callable[..., Any]) -> str:
    # A function is what its whole module says: it may call its neighbours.
    name = f"{function.__module__}.{getattr(function, '__qualname__', '')}"
    return f"{name}@{_module_digest(function.__module__)}"


@cache
def _module_digest(name: str) -> str:
    module = sys.modules.get(name)
    source = inspect.getsource(module) if module is not None and hasattr(module, "__file__") else ""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        # Prose changes no row.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
