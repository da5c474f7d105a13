"""The process that serves `/metrics` on an address of its own."""

from __future__ import annotations

from api.serve.server import serve
from api.settings import Settings

_THREADS = 4

if __name__ == "__main__":
    address = Settings.read(serving=True).metrics_address
    assert address is not None
    serve("api.serve.worker:metrics", *address, workers=1, threads=_THREADS)
