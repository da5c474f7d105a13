"""wrk, where it is installed: the requests are fed to it by a small Lua script."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarks.load import Loaded
from scripts.benchmarks.posts import Slice

__all__ = ["Wrk"]

_SCRIPT = Path(__file__).with_suffix(".lua")
_SPARE_SECONDS = 30
_ERRORS = ("status", "connect", "read", "write", "timeout")


class Wrk:
    """One process of several threads; it counts answers and does not say which they were."""

    name = "wrk"

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(
        self, slices: Sequence[Slice], port: int, connections: int, seconds: float, *, again: bool
    ) -> Loaded:
        whole = math.ceil(seconds)
        command = [
            self._path,
            f"--threads={min(len(slices), connections)}",
            f"--connections={connections}",
            f"--duration={whole}s",
            "--timeout=10s",
            f"--script={_SCRIPT}",
            f"http://127.0.0.1:{port}",
            "--",
            str(slices[0].path.with_suffix("")),
            "again" if again else "once",
        ]
        said = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=whole + _SPARE_SECONDS
        ).stdout
        told = json.loads(said.splitlines()[-1])
        elapsed = told["microseconds"] / 1e6
        answered = told["requests"] - told["status"]
        return Loaded(
            requests_per_second=answered / elapsed,
            p50=told["p50"] / 1000,
            p99=told["p99"] / 1000,
            errors={name: told[name] for name in _ERRORS if told[name]},
            acknowledged=answered,
            exhausted=elapsed < 0.9 * whole,
        )
