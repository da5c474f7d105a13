"""The shapes of Stripe's objects, as the installed SDK's typed resources declare them."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, ForwardRef, NamedTuple, Union, get_args, get_origin

from stripe import ListObject, StripeObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import UntypedStripeObject

__all__ = ["Place", "has_path", "resource"]


class Place(NamedTuple):
    """An annotation, and the module whose names it uses."""

    annotation: Any
    module: str


def resource(object: str) -> Place | None:
    """The resource of an object's name; None where the SDK has none."""
    if object not in OBJECT_CLASSES:
        return None
    module, name = OBJECT_CLASSES[object]
    return Place(getattr(import_module(module), name), module)


def has_path(place: Place, path: str) -> list[Place]:
    """Where a path leads from a place: empty where it leads nowhere."""
    places = [place]
    for step in path.split("."):
        places = [end for start in places for end in _step(start, step)]
    return places


def _step(place: Place, step: str) -> Iterator[Place]:
    for annotation, module in _alternatives(place):
        origin = get_origin(annotation) or annotation
        if step == "*" or step.isdigit():
            if origin is list:
                yield Place(get_args(annotation)[0], module)
        elif not (isinstance(origin, type) and issubclass(origin, StripeObject)):
            continue
        elif origin is UntypedStripeObject:
            yield Place(get_args(annotation)[0], module)
        elif origin is ListObject and step == "data":
            yield Place(list[get_args(annotation)[0]], module)  # type: ignore[misc]
        else:
            declared = [(each, inspect.get_annotations(each)) for each in origin.__mro__]
            yield from (Place(its[step], of.__module__) for of, its in declared if step in its)


def _alternatives(place: Place) -> Iterator[Place]:
    """The members of a union, each name replaced by what it stands for."""
    annotation, module = place
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        of, name = _imports(module)[annotation]
        yield Place(getattr(import_module(of), name), of)
    elif get_origin(annotation) is Union:
        for each in get_args(annotation):
            yield from _alternatives(Place(each, module))
    else:
        yield Place(annotation, module)


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """What a module imports, for its types too: by the name that it uses."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
