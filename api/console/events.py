"""The log: events newest first, and one event with its bytes and the rows that it is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from api import problems
from api.console import rest
from api.console.links import dashboard_url, row_path
from api.console.listing import list_page
from api.console.rendering import page
from api.console.session import add_pages, current_caller
from api.problems import Problem

__all__ = ["add_routes"]


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of the log."""
    add_pages(blueprint, {"/events": list_events, "/events/<id:id>": show_event})


def list_events() -> Response:
    """The events, with filters."""
    return page("events.html", part=list_page("/v1/events"))


def show_event(id: str) -> Response:
    """One event; its body only with a key of scope full."""
    events = rest.get("/v1/events", id=id)["data"]
    if not events:
        raise Problem(problems.NOT_FOUND)
    event = events[0]
    body = None
    if current_caller().scope == "full":
        body = rest.get(rest.path("events", id))
    deliveries = rest.get("/v1/deliveries", event=id, limit=20)["data"]
    return page(
        "event.html",
        event=event,
        body=body,
        rows=_rows_of(event),
        duplicates=[each for each in deliveries if each["outcome"] == "duplicate"],
        dashboard=dashboard_url(id, event["account"], event["livemode"]),
    )


def _rows_of(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that the event's object is a part of, with their pages."""
    id = event["object_id"]
    if id is None or len(id) < 2:
        return []
    results = rest.get("/v1/search", q=id)["data"]
    scope = (event["account"], event["livemode"])
    return [
        {**each, "href": row_path(each["kind"], each["id"], each)}
        for each in results
        if (each["account"], each["livemode"]) == scope and _is_of(each, id)
    ]


def _is_of(result: Mapping[str, Any], id: str) -> bool:
    """Whether a row is of the object, and does not only begin alike or mention it."""
    row = result["row"]
    mentioned = {str(value) for value in row.values() if isinstance(value, str)}
    listed = {str(each) for value in row.values() if isinstance(value, list) for each in value}
    return result["id"] == id or id in mentioned | listed
