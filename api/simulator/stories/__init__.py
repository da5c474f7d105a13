"""The stories: every public function of the modules in this package is one, under its own name.

A story is a function of the `StoryContext`; to add one, write it in any of these modules.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from api.simulator.context import StoryContext

StoryFunction = Callable[[StoryContext], None]


def _discover() -> Iterator[tuple[str, StoryFunction]]:
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                yield name, function


# Sorted by name, so that a seed gives the same histories when a story moves to another module.
STORIES: Mapping[str, StoryFunction] = MappingProxyType(dict(sorted(_discover())))
"""Every story by name, in the order of the names."""
