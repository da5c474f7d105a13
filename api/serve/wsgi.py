"""The WSGI entry for any server: `api.serve.wsgi:app`."""

from __future__ import annotations

from api.config import databases
from api.config.settings import Settings
from api.serve.worker import web

__all__ = ["app"]

# As `ledger serve` does before it starts its processes.
databases.create(Settings.read(serving=True))
app = web()
