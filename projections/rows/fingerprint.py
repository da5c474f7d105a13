"""A declaration as a text, with the text of the code it calls: the input of its fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from projections.rows.code import digest, enclosed

__all__ = ["describe"]


def describe(value: Any) -> str:
    """A declaration as a text that is the same in every process; functions by their code."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        # What is written for people changes no row, nor what subscribers hear of it, nor how it is
        # asked for.
        for name in ("about", "event_types", "conditions", "listing"):
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
    name = f"{function.__module__}.{getattr(function, '__qualname__', '')}"
    return f"{name}@{digest(function)}{describe(enclosed(function))}"
