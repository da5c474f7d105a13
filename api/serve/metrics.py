"""The process that serves `/metrics` on an address of its own."""

from __future__ import annotations

import sys

from api.serve.server import serve

if __name__ == "__main__":
    serve("api.serve.worker:metrics", sys.argv[1:])
