"""The process that serves webhooks and the API."""

from __future__ import annotations

from api.serve.server import serve
from api.settings import Settings

if __name__ == "__main__":
    settings = Settings.read(serving=True)
    serve(
        "api.serve.worker:web",
        settings.host,
        settings.port,
        workers=settings.workers,
        threads=settings.threads,
    )
