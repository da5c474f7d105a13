"""A declaration as a text, with the text of the code it calls: the input of its fingerprint."""

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


def describe(value: Any) -> str:
    """A declaration as a text that is the same in every process; functions by their code."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        # What is written for people changes no row, nor does what subscribers hear of it.
        for name in ("about", "event_types", "conditions"):
            parts.pop(name, None)
        return f"{type(value).__name__}({describe(parts)})"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{describe(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple | list):
        return "[" + ",".join(describe(item) for item in value) + "]"
    if isinstance(value, frozenset):
        return "[" + ",".join(sorted(map(str, value))) + "]"
    if callable(value):
        return _code_of(value)
    return repr(value)


def _code_of(function: Callable[..., Any]) -> str:
    # A function is described by its whole module: it may call its neighbours.
    name = f"{function.__module__}.{getattr(function, '__qualname__', '')}"
    return f"{name}@{_module_digest(function.__module__)}"


@cache
def _module_digest(name: str) -> str:
    module = sys.modules.get(name)
    source = inspect.getsource(module) if module is not None and hasattr(module, "__file__") else ""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        # Docstrings change no row.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None
    return hashlib.sha256(_syntax(tree).encode()).hexdigest()[:16]


def _syntax(node: Any) -> str:
    """A syntax tree as a text; `ast.dump` and `ast.unparse` differ between Python's versions."""
    if isinstance(node, ast.AST):
        parts = ((name, getattr(node, name, None)) for name in node._fields)
        # Versions add fields that are empty where their new syntax is not used.
        used = ",".join(f"{name}={_syntax(part)}" for name, part in parts if part not in (None, []))
        return f"{type(node).__name__}({used})"
    if isinstance(node, list):
        return "[" + ",".join(map(_syntax, node)) + "]"
    return repr(node)
