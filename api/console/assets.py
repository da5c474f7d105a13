"""The style sheet, the scripts and the icon, each under an address that changes with it."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Response, request

from api import problems
from api.problems import Problem

__all__ = ["asset", "url"]

_DIRECTORY = Path(__file__).parent / "static"
_TYPES = {
    "style.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_YEAR_SECONDS = 31_536_000


def url(name: str) -> str:
    """Where a file is, with a part of its hash: it may be kept for ever."""
    return f"/static/{name}?v={_hash(name)}"


def asset(name: str) -> Response:
    """One of the files; there are no others."""
    if name not in _TYPES:
        raise Problem(problems.NOT_FOUND)
    response = Response(_content(name), content_type=_TYPES[name])
    is_current = request.args.get("v") == _hash(name)
    response.headers["Cache-Control"] = (
        f"public, max-age={_YEAR_SECONDS}, immutable" if is_current else "no-cache"
    )
    response.set_etag(_hash(name))
    response.make_conditional(request)
    return response


@cache
def _content(name: str) -> bytes:
    return (_DIRECTORY / name).read_bytes()


@cache
def _hash(name: str) -> str:
    return sha256(_content(name)).hexdigest()[:16]
