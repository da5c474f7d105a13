"""The repository's own modules, read as text: what they import and what they say."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

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

    def imported_names(self) -> Iterator[str]:
        """What it imports, name by name: `ledger.identity.stream_id`, or a module as such."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def imported_modules(self, known: Collection[str]) -> Iterator[str]:
        """The known modules it imports: `from a import b` is `a.b` where that is one, else `a`."""
        for name in self.imported_names():
            if name in known:
                yield name
            elif (parent := name.rpartition(".")[0]) in known:
                yield parent


def modules(*rooms: str) -> list[Module]:
    """Every module below some directories."""
    return [Module(path) for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def is_in(module: str, *rooms: str) -> bool:
    """Whether a dotted name is a room or inside one."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def of_each(items: Iterable[T]) -> Callable[[Callable[[T], None]], Callable[[], None]]:
    """Makes a check of an item a test of all of them, which names those that fail.

    Thousands of tests of a millisecond would take a minute to be handed out.
    """
    listed = list(items)

    def decorate(check: Callable[[T], None]) -> Callable[[], None]:
        def test() -> None:
            failures = []
            for item in listed:
                try:
                    check(item)
                except AssertionError as error:
                    failures.append(f"{getattr(item, 'name', item)}: {error}")
            assert not failures, "\n\n".join(failures)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
