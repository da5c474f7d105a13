"""Serves a baseline: ``python -m scripts.benchmarks.baselines.serve PARENT NAME PORT N M``.

PARENT is the id of the process to end with, N the number of workers, M that of their threads.
"""

from __future__ import annotations

import sys

from api.serve.server import serve

if __name__ == "__main__":
    parent, name, *numbers = sys.argv[1:]
    serve(f"scripts.benchmarks.baselines.{name}:app", [parent, "127.0.0.1", *numbers])
