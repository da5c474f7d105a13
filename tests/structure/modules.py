"""The repository's own modules, read as text: what they import and what they say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One Python file of the repository."""

    path: Path

    @property
    def name(self) -> str:
        """`ledger.store.mapper`; a package is named as its directory."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.path.read_text("utf-8"))

    def imports(self) -> Iterator[str]:
        """The modules it imports, wherever it does so."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{self.name}: imports are written in full"
                yield node.module or ""


def modules(*rooms: str) -> list[Module]:
    """Every module below some directories."""
    return [Module(path) for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def is_in(module: str, *rooms: str) -> bool:
    """Whether a dotted name is a room or inside one."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)
