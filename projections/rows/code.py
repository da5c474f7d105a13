"""The code that a declaration calls, as a digest: its own lines, and those of what they name."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["digest", "enclosed"]

# Of other packages only the names count.
_OURS = ("ledger", "projections")
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def digest(function: Callable[..., Any]) -> str:
    """16 hex digits that change with the code of a function or class, and with what of its module
    and of others of ours that names; not with what stands beside it, nor with docstrings."""
    module = function.__module__
    outermost = getattr(function, "__qualname__", "").partition(".")[0]
    if outermost == "<lambda>" and isinstance(function, FunctionType):
        return _hash(_lambdas(module, function.__code__.co_firstlineno))
    return _hash(_definition(module, outermost))


def enclosed(function: Callable[..., Any]) -> list[Any]:
    """What a function has of the one that made it."""
    cells = getattr(function, "__closure__", None) or ()
    return [cell.cell_contents for cell in cells]


@cache
def _lambdas(module: str, line: int) -> str:
    """All lambdas that begin on a line: no name tells them apart."""
    nodes = ast.walk(_tree(module))
    at_line = [each for each in nodes if isinstance(each, ast.Lambda) and each.lineno == line]
    return ",".join(_expanded(module, *_parts(node), {}) for node in at_line)


@cache
def _definition(module: str, name: str) -> str:
    return _named(module, name, {})


def _named(module: str, name: str, seen: dict[tuple[str, str], None]) -> str:
    """What a name at the top of a module stands for, and what that names in turn."""
    if (module, name) in seen:
        return name
    seen[module, name] = None
    if name in _tops(module):
        return _expanded(module, *_tops(module)[name], seen)
    value = getattr(sys.modules.get(module), name, None)
    if isinstance(value, ModuleType):
        return _whole(value.__name__) if _is_ours(value.__name__) else name
    origin = getattr(value, "__module__", None)
    origin_name = getattr(value, "__qualname__", None)
    if origin is None or origin_name is None or not _is_ours(origin) or origin == module:
        return name
    return _named(origin, origin_name.partition(".")[0], seen)


def _expanded(
    module: str, syntax: str, names: tuple[str, ...], seen: dict[tuple[str, str], None]
) -> str:
    return "|".join([syntax, *(_named(module, name, seen) for name in names)])


def _parts(node: ast.AST) -> tuple[str, tuple[str, ...]]:
    """The digest of a node by itself, and the names that it uses."""
    names = {each.id for each in _uses(node) if isinstance(each, ast.Name)}
    return _hash(_syntax(node)), tuple(sorted(names))


def _uses(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is in it, but for types: they change no row."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from _uses(each)


@cache
def _tops(module: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What a module defines at its top, by name."""
    tops: dict[str, ast.AST] = {}
    for node in _tree(module).body:
        if isinstance(node, _DEFINITIONS):
            tops[node.name] = node
        elif isinstance(node, ast.Assign):
            tops |= {each.id: node.value for each in node.targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            tops[node.target.id] = node.value
    return {name: _parts(node) for name, node in tops.items()}


@cache
def _whole(module: str) -> str:
    return _hash(_syntax(_tree(module)))


@cache
def _tree(module: str) -> ast.Module:
    """A module's syntax, without docstrings."""
    loaded = sys.modules.get(module)
    is_file = loaded is not None and hasattr(loaded, "__file__")
    tree = ast.parse(inspect.getsource(loaded) if loaded is not None and is_file else "")
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None
    return tree


def _syntax(node: Any) -> str:
    """A syntax tree as a text; `ast.dump` and `ast.unparse` differ between Python's versions."""
    if isinstance(node, ast.AST):
        parts = ((name, getattr(node, name, None)) for name in node._fields)
        # Versions add fields that are empty where their new syntax is not used.
        used = ",".join(
            f"{name}={_syntax(part)}"
            for name, part in parts
            if part not in (None, []) and name not in ("annotation", "returns")
        )
        return f"{type(node).__name__}({used})"
    if isinstance(node, list):
        return "[" + ",".join(map(_syntax, node)) + "]"
    return repr(node)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _OURS


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
