"""The process that serves `/metrics` on an address of its own."""

from __future__ import annotations

import sys

from granian.constants import Interfaces

from api.serve.server import serve_for_supervisor

if __name__ == "__main__":
    serve_for_supervisor("api.serve.worker:metrics", sys.argv[1:], interface=Interfaces.WSGI)
