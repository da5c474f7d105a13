"""Serves an application: its arguments are PARENT TARGET INTERFACE PORT N M.

TARGET is a factory, ``module:name``, of an application for INTERFACE; PARENT is the id of the
process to end with, N the number of workers, M that of their threads.
"""

from __future__ import annotations

import sys

from granian.constants import Interfaces

from api.serve.address import listen
from api.serve.parent import end_with_parent
from api.serve.server import serve

if __name__ == "__main__":
    _, parent, target, interface, *numbers = sys.argv
    port, workers, threads = map(int, numbers)
    end_with_parent(int(parent))
    serve(
        target,
        listen("127.0.0.1", port),
        workers=workers,
        threads=threads,
        interface=Interfaces(interface),
    )
