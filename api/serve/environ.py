"""A request of an RSGI server as WSGI describes it."""

from __future__ import annotations

import sys
from functools import lru_cache
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIEnvironment

from granian.rsgi import Scope

__all__ = ["environ_of"]

_SAME: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": False,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
_KEYS = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_KEYS_KEPT = 256


def environ_of(scope: Scope) -> WSGIEnvironment:
    """The environ of a request; its body is empty until somebody reads it."""
    server, _, port = scope.server.rpartition(":")
    environ = _SAME | {
        "REQUEST_METHOD": scope.method,
        # WSGI has bytes in its texts, one as each character.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
    }
    items = scope.headers.items()
    for name, value in items:
        key = _key(name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    names = scope.headers.keys()
    if len(names) > len(items):
        # The values of these are no ASCII text, which the server leaves out. They are not absent.
        for name in names:
            environ.setdefault(_key(name), "")
    return environ


@lru_cache(_KEYS_KEPT)
def _key(name: str) -> str:
    return _KEYS.get(name) or "HTTP_" + name.replace("-", "_").upper()
