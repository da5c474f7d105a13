"""Representations: JSON with an ETag, how far was read, and pages of what is whole in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from flask import Response, request

from ledger import UnknownCursor


def represent(payload: Mapping[str, Any], *, position: int, status: int = 200) -> Response:
    """A JSON answer that a client may keep and ask about again with If-None-Match."""
    # ASCII: a snapshot may hold a lone surrogate, which has no UTF-8.
    body = json.dumps(payload, separators=(",", ":")).encode("ascii")
    response = tagged(Response(body, status, content_type="application/json"))
    response.headers["Ledger-Position"] = str(position)
    return response


def tagged(response: Response) -> Response:
    """With the hash of its body as ETag; 304 where the client has it already."""
    response.set_etag(sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def list_object(
    data: Sequence[Mapping[str, Any]], *, has_more: bool, position: int, url: str | None = None
) -> Response:
    """A page of a list, as Stripe's lists are."""
    payload = {"object": "list", "url": url or request.path, "has_more": has_more, "data": data}
    return represent(payload, position=position)


def page_of(
    items: Sequence[Mapping[str, Any]],
    key: Callable[[Mapping[str, Any]], str],
    arguments: Mapping[str, Any],
) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """A page of a list that is whole already, and whether there is more; ``UnknownCursor``."""
    start, stop = 0, len(items)
    catalog = {key(item): place for place, item in enumerate(items)}
    cursor = arguments.get("starting_after") or arguments.get("ending_before")
    if cursor is not None and cursor not in catalog:
        raise UnknownCursor(cursor)
    if "starting_after" in arguments:
        start = catalog[arguments["starting_after"]] + 1
    if "ending_before" in arguments:
        stop = catalog[arguments["ending_before"]]
        start = max(0, stop - arguments["limit"])
        return items[start:stop], start > 0
    stop = start + arguments["limit"]
    return items[start:stop], stop < len(items)
