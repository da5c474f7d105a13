"""Lists as Stripe pages and filters them: newest first, ten at a time unless asked for more."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from api.simulator.shapes import Json
from api.simulator.stripe.errors import invalid, missing

__all__ = ["Params", "allow_only", "created_filter", "page"]

Params = Mapping[str, Any]

_LIMIT, _LIMIT_MAX = 10, 100
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_PAGING = ("limit", "starting_after", "ending_before", "expand")


def page(items: Sequence[Json], params: Params, url: str, kind: str) -> Json:
    """The list object of a page of items, which are newest first."""
    limit = _limit(params)
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise invalid("You can only specify one of these parameters: starting_after, ending_before")
    if before:
        # The page next before the cursor, in the same order.
        end = _index(items, before, "ending_before", kind)
        start, has_more = max(0, end - limit), end > limit
    else:
        start = _index(items, after, "starting_after", kind) + 1 if after else 0
        end = min(start + limit, len(items))
        has_more = end < len(items)
    return {"object": "list", "data": list(items[start:end]), "has_more": has_more, "url": url}


def created_filter(params: Params) -> Callable[[int], bool]:
    """Whether a time passes `created`, a second or bounds."""
    bounds = params.get("created")
    if bounds is None:
        return lambda created: True
    if not isinstance(bounds, dict):
        return _integer(bounds, "created").__eq__
    if unknown := set(bounds) - set(_COMPARE):
        raise invalid(f"Received unknown parameter: created[{unknown.pop()}]")
    numbers = {name: _integer(text, f"created[{name}]") for name, text in bounds.items()}
    return lambda created: all(_COMPARE[name](created, value) for name, value in numbers.items())


def allow_only(params: Params, names: Iterable[str]) -> None:
    """Refuse parameters that a list does not have."""
    for name in params:
        if name not in _PAGING and name not in names:
            raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")


def _limit(params: Params) -> int:
    limit = _integer(params.get("limit", str(_LIMIT)), "limit")
    if not 1 <= limit <= _LIMIT_MAX:
        raise invalid(f"This value must be between 1 and {_LIMIT_MAX}.", "limit")
    return limit


def _integer(text: Any, param: str) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"\d+", text):
        raise invalid(f"Invalid integer: {text}", param, "parameter_invalid_integer")
    return int(text)


def _index(items: Sequence[Json], id: str, param: str, kind: str) -> int:
    for index, item in enumerate(items):
        if item["id"] == id:
            return index
    raise missing(kind, id, param, 400)
