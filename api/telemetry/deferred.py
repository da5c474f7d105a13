"""Work that many requests leave behind, done once for all of them a moment later."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from multiprocessing.util import Finalize

__all__ = ["Deferred"]

_DELAY_SECONDS = 0.05


class Deferred:
    """Runs an action in a background thread soon after it is scheduled, and once at process exit.

    The thread starts with the first ``schedule``: a server may fork between import and request.
    """

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._lock = threading.Lock()
        self._scheduled = threading.Event()
        self._has_started = False

    def schedule(self) -> None:
        """Run the action soon; costs next to nothing while a run is already scheduled."""
        if not self._scheduled.is_set():
            self._scheduled.set()
            if not self._has_started:
                self._start()

    def _start(self) -> None:
        with self._lock:
            if self._has_started:
                return
            self._has_started = True
        # Servers' workers are processes of multiprocessing, which end without atexit.
        Finalize(None, self._action, exitpriority=0)
        threading.Thread(target=self._run, name="deferred", daemon=True).start()

    def _run(self) -> None:
        while self._scheduled.wait():
            time.sleep(_DELAY_SECONDS)
            # Cleared before the action, so that work left behind meanwhile schedules another run.
            self._scheduled.clear()
            try:
                self._action()
            except Exception as error:
                # One failure must not end the thread: later work still has to be done.
                warnings.warn(f"{self._action.__name__}: {type(error).__name__}", stacklevel=1)
