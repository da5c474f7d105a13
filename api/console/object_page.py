"""The page of one row: its fields, its links, what happened to it, and how it was before."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response

from api.console import rest
from api.console.kind_list import kind_of
from api.console.links import dashboard_url, with_query
from api.console.listing import arguments, list_page
from api.console.neighbours import neighbours
from api.console.rendering import page, see_other
from api.console.rest import RestProblem
from api.console.session import guarded
from api.console.timeline import shown_entries
from api.console.values import shown
from projections import Field

__all__ = ["add_routes"]

# Of a row with more events the timeline comes after the page, as a part of its own.
_EVENTS_AT_ONCE = 40
_ENTRIES = 50
_SCOPE = ("account", "livemode")


def add_routes(blueprint: Blueprint, kinds: list[str]) -> None:
    """Add the routes of the rows of some kinds."""
    parts = {"": _row, "/fields": _fields, "/timeline": _timeline}
    for name in kinds:
        for path, view in parts.items():
            rule, endpoint = f"/{name}/<id:id>{path}", f"{name}{path.replace('/', '_')}_of"
            blueprint.add_url_rule(rule, endpoint, guarded()(partial(view, name)))
        whole = partial(_snapshot, name)
        blueprint.add_url_rule(f"/{name}/<id:id>/object", f"{name}_object", guarded("full")(whole))


def _row(name: str, id: str) -> Response:
    query = arguments()
    try:
        row = rest.get(rest.path(name, id), **_moment(query), **_scope(query))
    except RestProblem as problem:
        if problem.document["type"].endswith("#problem-ambiguous"):
            # In several accounts or modes: the search shows which.
            return see_other(with_query("/search", {"q": id}))
        raise
    row_id, scope = str(row["id"]), _scope_of(row)
    entries = None
    if row["events"] <= _EVENTS_AT_ONCE or "whole" in query:
        timeline_path = rest.path(name, row_id, "timeline")
        entries = shown_entries(rest.get(timeline_path, limit=_ENTRIES, **scope)["data"], name, row)
    return page(
        "object.html",
        kind=kind_of(name),
        row=row,
        id=row_id,
        asked_id=id,
        fields=_shown_fields(name, row, {}),
        entries=entries,
        neighbours=neighbours(name, row),
        notifications=rest.get("/v1/notifications", object_id=row_id, limit=10)["data"],
        dashboard=dashboard_url(row_id, row["account"], row["livemode"]),
        moment=query.get("as_of") or query.get("at_position"),
        urls=_urls(name, row_id, scope),
        scope=scope,
        whole="whole" in query,
    )


def _fields(name: str, id: str) -> Response:
    """The fields, each with the event that set it: for that the whole row is folded."""
    query = _scope(arguments())
    row = rest.get(rest.path(name, id), **query)
    scope = _scope_of(row)
    sources = rest.get(rest.path(name, str(row["id"]), "fields"), limit=100, **scope)["data"]
    by_name = {source["id"]: source for source in sources if source["event"]}
    return page(
        "fields.html",
        kind=kind_of(name),
        row=row,
        id=row["id"],
        fields=_shown_fields(name, row, by_name),
        urls=_urls(name, row["id"], scope),
    )


def _timeline(name: str, id: str) -> Response:
    row = rest.get(rest.path(name, id), **_scope(arguments()))
    scope = _scope_of(row)
    part = list_page(
        rest.path(name, str(row["id"]), "timeline"), limit=_ENTRIES, upwards=True, **scope
    )
    return page(
        "timeline.html",
        kind=kind_of(name),
        row=row,
        id=row["id"],
        entries=shown_entries(part.items, name, row),
        part=part,
        urls=_urls(name, row["id"], scope),
        scope=scope,
        moment=None,
    )


def _snapshot(name: str, id: str) -> Response:
    """The newest object of Stripe's behind the row, verbatim."""
    row = rest.get(rest.path(name, id), include="object", **_scope(arguments()))
    return page(
        "snapshot.html",
        kind=kind_of(name),
        id=row["id"],
        snapshot=row["snapshot"],
        urls=_urls(name, row["id"], _scope_of(row)),
    )


def _shown_fields(
    name: str, row: Mapping[str, Any], sources: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    return [
        {
            "field": field,
            "value": shown(field, row.get(field.name), row),
            "source": sources.get(field.name),
        }
        for field in (*kind_of(name).fields, _metadata(name))
        if not field.withheld
    ]


def _metadata(name: str) -> Field:
    return next(field for field in kind_of(name).columns if field.name == "metadata")


def _urls(name: str, id: str, scope: Mapping[str, Any]) -> dict[str, str]:
    base = f"/{name}/{quote(id, safe='')}"
    parts = {"row": "", "fields": "/fields", "timeline": "/timeline", "object": "/object",
             "reconciliation": "/reconciliation"}  # fmt: skip
    journal = with_query("/journal/entries", {"object_id": id, **scope})
    urls = {part: with_query(f"{base}{path}", scope) for part, path in parts.items()}
    return {**urls, "journal": journal}


def _scope(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query[name] for name in _SCOPE if name in query}


def _scope_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The account and mode of a row, as parameters."""
    return {"account": row["account"] or "self", "livemode": str(row["livemode"]).lower()}


def _moment(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query[name] for name in ("as_of", "at_position") if name in query}
