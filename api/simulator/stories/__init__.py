"""The stories: every public function of the modules here is one, under its own name.

A story is a function of the `StoryContext`; writing one in any of these files is all it takes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from api.simulator.context import StoryContext

Teller = Callable[[StoryContext], None]


def _discover() -> Iterator[tuple[str, Teller]]:
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        for name, teller in inspect.getmembers(module, inspect.isfunction):
            if teller.__module__ == module.__name__ and not name.startswith("_"):
                yield name, teller


# By name, wherever each is written: a seed goes on meaning the same histories when a file moves.
STORIES: Mapping[str, Teller] = MappingProxyType(dict(sorted(_discover())))
"""Every story by name."""
