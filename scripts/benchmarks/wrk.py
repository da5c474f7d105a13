"""The load generator wrk, which reads its requests from files by a small Lua script."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarks.load import LoadResult
from scripts.benchmarks.posts import RequestFile

__all__ = ["Wrk"]

_SCRIPT = Path(__file__).with_suffix(".lua")
_EXTRA_SECONDS = 30
_ERRORS = ("status", "connect", "read", "write", "timeout")


class Wrk:
    """One process of several threads; it counts responses, and does not name their requests."""

    name = "wrk"

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(
        self,
        request_files: Sequence[RequestFile],
        port: int,
        connections: int,
        seconds: float,
        *,
        repeat: bool,
    ) -> LoadResult:
        whole_seconds = math.ceil(seconds)
        command = [
            self._path,
            f"--threads={min(len(request_files), connections)}",
            f"--connections={connections}",
            f"--duration={whole_seconds}s",
            "--timeout=10s",
            f"--script={_SCRIPT}",
            f"http://127.0.0.1:{port}",
            "--",
            str(request_files[0].path.with_suffix("")),
            "repeat" if repeat else "once",
        ]
        timeout = whole_seconds + _EXTRA_SECONDS
        output = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=timeout
        ).stdout
        summary = json.loads(output.splitlines()[-1])
        elapsed_seconds = summary["microseconds"] / 1e6
        acknowledged = summary["requests"] - summary["status"]
        return LoadResult(
            requests_per_second=acknowledged / elapsed_seconds,
            p50_ms=summary["p50"] / 1000,
            p99_ms=summary["p99"] / 1000,
            errors={name: summary[name] for name in _ERRORS if summary[name]},
            acknowledged=acknowledged,
            is_exhausted=elapsed_seconds < 0.9 * whole_seconds,
        )
