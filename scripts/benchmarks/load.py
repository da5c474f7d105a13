"""What a load generator is asked, and what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scripts.benchmarks.posts import Slice

__all__ = ["Load", "Loaded"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of it: latencies in milliseconds, errors by what they were.

    ``acknowledged`` holds event ids, or how many they are where the generator only counts.
    ``exhausted``: there were fewer requests than time.
    """

    requests_per_second: float
    p50: float
    p99: float
    errors: dict[str, int]
    acknowledged: frozenset[str] | int
    exhausted: bool


class Load(Protocol):
    """Sends each request once, or over and over again while there is time, and listens."""

    @property
    def name(self) -> str:
        """What it is called in results."""
        ...

    def __call__(
        self, slices: Sequence[Slice], port: int, connections: int, seconds: float, *, again: bool
    ) -> Loaded:
        """Drives the server at a port of this machine."""
        ...
