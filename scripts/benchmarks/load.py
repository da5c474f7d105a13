"""The interface of a load generator, and what it measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scripts.benchmarks.posts import RequestFile

__all__ = ["LoadGenerator", "LoadResult"]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load generator measured; latencies in milliseconds, errors counted by their name.

    ``acknowledged`` holds the ids of the events that got a 200, or their number where the
    generator only counts. ``is_exhausted``: the requests ran out before the time did.
    """

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]
    acknowledged: frozenset[str] | int
    is_exhausted: bool

    @property
    def acknowledged_count(self) -> int:
        """How many events got a 200."""
        ids = self.acknowledged
        return ids if isinstance(ids, int) else len(ids)


class LoadGenerator(Protocol):
    """Sends requests to a server, and measures its responses."""

    @property
    def name(self) -> str:
        """The generator's name in results."""
        ...

    def __call__(
        self,
        request_files: Sequence[RequestFile],
        port: int,
        connections: int,
        seconds: float,
        *,
        repeat: bool,
    ) -> LoadResult:
        """Drive the server at a port of this machine for some seconds.

        Each request is sent once; with ``repeat`` they are sent again from the start.
        """
        ...
