"""The WSGI entry for any server: `api.serve.wsgi:app`."""

from __future__ import annotations

from api.serve.worker import web

__all__ = ["app"]

app = web()
