"""JSON responses: ETags and conditional requests, list objects, and pages of lists in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from flask import Response, request

from api.resources.schemas import ListSchema
from ledger import UnknownCursor

T = TypeVar("T")

_LIST = ListSchema()


def json_response(payload: Mapping[str, Any], *, position: int, status: int = 200) -> Response:
    """A JSON response with its ETag; ``position`` is how far in the log it reaches."""
    # ASCII: a snapshot may hold a lone surrogate, which has no UTF-8.
    body = json.dumps(payload, separators=(",", ":")).encode("ascii")
    response = with_etag(Response(body, status, content_type="application/json"))
    response.headers["Ledger-Position"] = str(position)
    return response


def with_etag(response: Response) -> Response:
    """The response with a hash of its body as ETag; a 304 if the client sent that ETag."""
    response.set_etag(sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def list_response(
    data: Sequence[Mapping[str, Any]], *, has_more: bool, position: int, url: str | None = None
) -> Response:
    """One page of a list, as a list object like Stripe's."""
    page = {"url": url or request.path, "has_more": has_more, "data": data}
    return json_response(_LIST.dump(page), position=position)


def page_of(
    items: Sequence[T], id_of: Callable[[T], str], arguments: Mapping[str, Any]
) -> tuple[Sequence[T], bool]:
    """One page of a list that is completely in memory, and whether the list goes on.

    ``arguments`` are those of ``parameters.paging``. As in ``projections.queries.walk``, a page
    does not end where its last id comes again. Raises ``UnknownCursor``.
    """
    if "ending_before" in arguments:
        page, has_more = _page_after(
            items[::-1], id_of, arguments["ending_before"], arguments["limit"]
        )
        return page[::-1], has_more
    return _page_after(items, id_of, arguments.get("starting_after"), arguments["limit"])


def _page_after(
    items: Sequence[T], id_of: Callable[[T], str], cursor: str | None, limit: int
) -> tuple[Sequence[T], bool]:
    last_index = {id_of(item): index for index, item in enumerate(items)}
    if cursor is not None and cursor not in last_index:
        raise UnknownCursor(cursor)
    start = 0 if cursor is None else last_index[cursor] + 1
    ends = sorted(index + 1 for index in last_index.values() if index >= start)
    within = [end for end in ends if end <= start + limit]
    stop = max(within) if within else min(ends, default=start)
    return items[start:stop], stop < len(items)
