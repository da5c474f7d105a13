"""Searching by whatever somebody has at hand, and going straight to what an id is of."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from api.console import rest
from api.console.links import event_path, row_path, with_query
from api.console.rendering import page, see_other
from api.console.rest import RestProblem
from api.console.session import add_pages

__all__ = ["add_routes"]

# Ids that are of no row: where their pages are.
_OTHERS = {"qd": "/quarantine", "ntf": "/notifications", "rcv": "/subscribers"}


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of the search."""
    add_pages(blueprint, {"/search": search, "/find": find})


def search() -> Response:
    """What is found; where only one row has just this id, the row itself."""
    text = request.args.get("q", "").strip()
    page_of_id = _page_of(text)
    if page_of_id is not None:
        return see_other(page_of_id)
    if len(text) < 2:
        return page("search.html", q=text, results=None, has_more=False)
    document = rest.get("/v1/search", q=text)
    results = _shown(document["data"])
    exact = [each for each in results if _is_exact(each, text)]
    if len(results) == 1 and exact:
        return see_other(exact[0]["href"])
    return page("search.html", q=text, results=results, has_more=document["has_more"])


def find() -> Response:
    """The page of the row that an id is of, or what else is found by it."""
    text = request.args.get("id", "").strip()
    results = _shown(rest.get("/v1/search", q=text)["data"]) if len(text) > 1 else []
    exact = [each for each in results if _is_exact(each, text)]
    return see_other(exact[0]["href"] if len(exact) == 1 else with_query("/search", {"q": text}))


def _page_of(text: str) -> str | None:
    """The page of what is no row: an event, a notification, a quarantined delivery."""
    prefix = text.partition("_")[0]
    if prefix == "evt":
        try:
            known = rest.get("/v1/events", id=text)["data"]
        except RestProblem:
            return None
        return event_path(text) if known else None
    if prefix not in _OTHERS or not text.isascii() or not text.isprintable():
        return None
    return f"{_OTHERS[prefix]}/{quote(text, safe='')}"


def _shown(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "href": row_path(each["kind"], each["id"], each)} for each in results]


def _is_exact(result: dict[str, Any], text: str) -> bool:
    # Another field than the id names the object whose id was given, like `charge`.
    row = result["row"]
    return text == result["id"] or (
        result["field"] not in ("metadata", "email", "name") and text in _ids(row)
    )


def _ids(row: dict[str, Any]) -> set[str]:
    texts = {value for value in row.values() if isinstance(value, str) and "_" in value}
    lists = [value for value in row.values() if isinstance(value, list)]
    return texts | {each for value in lists for each in value if isinstance(each, str)}
