"""Serves one of the floors: ``python -m scripts.benchmarks.floors.serve PARENT FLOOR PORT N M``.

PARENT is the process with which to end, N the workers, M their threads.
"""

from __future__ import annotations

import sys

from api.serve.server import serve

if __name__ == "__main__":
    parent, floor, *numbers = sys.argv[1:]
    serve(f"scripts.benchmarks.floors.{floor}:app", [parent, "127.0.0.1", *numbers])
