"""Rebuilds that the follower owes, run at once or in the background of its following."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from projections.drivers.claims import Due
from projections.drivers.rebuild import Rebuilder
from projections.errors import ProjectionError, RebuildStopped

__all__ = ["Background"]


class Background:
    """Runs one rebuild at a time; a second one that falls due waits for a later round."""

    def __init__(self, rebuilder: Rebuilder) -> None:
        self._rebuilder = rebuilder
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="rebuild")
        self._running: Future[None] | None = None

    def run(self, due: Sequence[Due], *, background: bool) -> None:
        """Rebuild what is due; in the background, raises what the last rebuild ended with."""
        if not background:
            self._rebuild(due, wait_for_ever=False)
            return
        if self._running is not None:
            if not self._running.done():
                return
            running, self._running = self._running, None
            try:
                running.result()
            except ProjectionError as error:
                # Following goes on, and what is still due is begun again.
                warnings.warn(f"a rebuild ended: {error}", stacklevel=2)
                return
        if due:
            self._running = self._threads.submit(self._rebuild, due, wait_for_ever=True)

    def close(self) -> None:
        """Stop what runs; whoever follows next begins it again."""
        self._rebuilder.stop()
        self._threads.shutdown(wait=True)

    def _rebuild(self, due: Sequence[Due], wait_for_ever: bool) -> None:
        if not due:
            return
        with suppress(RebuildStopped):
            # A kind that another process of this code rebuilds already will be ours to follow.
            self._rebuilder.rebuild(due, skip_running=True, wait_for_ever=wait_for_ever)
