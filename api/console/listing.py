"""Lists: the parameters of a page's URL as REST takes them, and the way to the next part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request

from api import problems
from api.console import rest
from api.console.links import with_query
from api.problems import Problem

__all__ = ["OWN_PARAMETERS", "ListPage", "arguments", "list_page"]

LIMIT = 25
_CURSORS = ("starting_after", "ending_before")
# What only the console's URLs have: whole pages without JavaScript, what a button did, and days.
OWN_PARAMETERS = ("whole", "notice", "from", "to")
_BOUNDS = {"from": "created[gte]", "to": "created[lt]"}


@dataclass(frozen=True, slots=True)
class ListPage:
    """A part of a list, and where the parts beside it are."""

    items: Sequence[Mapping[str, Any]]
    arguments: Mapping[str, str] = field(default_factory=dict)
    newer: str | None = None
    older: str | None = None
    back: str = "Newer"
    on: str = "Older"


def arguments() -> dict[str, str]:
    """The parameters of this page's URL, without those that a form left empty."""
    return {name: value for name, value in request.args.items() if value}


def list_page(url: str, *, limit: int = LIMIT, upwards: bool = False, **fixed: Any) -> ListPage:
    """The part of a REST list that this page's URL names; ``fixed`` are parameters of its own.

    ``upwards``: the list has the oldest first.
    """
    shown = arguments()
    parameters = {"limit": limit, **_for_rest(shown), **fixed}
    document = rest.get(url, **parameters)
    items, has_more = document["data"], document["has_more"]
    return ListPage(
        items,
        shown,
        newer=_before(shown, items, has_more),
        older=_after(shown, items, has_more),
        back="Earlier" if upwards else "Newer",
        on="Later" if upwards else "Older",
    )


def _for_rest(shown: Mapping[str, str]) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        name: value for name, value in shown.items() if name not in OWN_PARAMETERS
    }
    for name, bound in _BOUNDS.items():
        if name in shown:
            day = _day(name, shown[name])
            parameters[bound] = int((day + timedelta(days=name == "to")).timestamp())
    return parameters


def _day(name: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        detail = f"{name} must be a day like 2026-01-31"
        raise Problem(problems.INVALID_PARAMETERS, detail) from None


def _before(shown: Mapping[str, str], items: Sequence[Any], has_more: bool) -> str | None:
    is_first = not has_more if "ending_before" in shown else "starting_after" not in shown
    return None if is_first or not items else _beside(shown, ending_before=_cursor(items[0]))


def _after(shown: Mapping[str, str], items: Sequence[Any], has_more: bool) -> str | None:
    is_last = "ending_before" not in shown and not has_more
    return None if is_last or not items else _beside(shown, starting_after=_cursor(items[-1]))


def _cursor(item: Mapping[str, Any]) -> str:
    # A timeline is paged by the events' ids.
    is_entry = item["object"] == "timeline_entry"
    return str(item["event"] if is_entry else item["id"])


def _beside(shown: Mapping[str, str], **cursor: str) -> str:
    others = {name: value for name, value in shown.items() if name not in _CURSORS}
    return with_query(request.path, {**others, **cursor})
