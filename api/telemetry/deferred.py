"""Small work that many requests leave behind, done for all of them together a moment later."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from multiprocessing.util import Finalize

__all__ = ["Deferred"]

_SECONDS = 0.05


class Deferred:
    """Acts in a thread of its own, at most so long after it was asked to, and once at the end.

    The thread begins when it is first asked: a server may fork between import and request.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._gate = threading.Lock()
        self._asked = threading.Event()
        self._has_begun = False

    def ask(self) -> None:
        """Costs next to nothing while the asked for is still to be done."""
        if not self._asked.is_set():
            self._asked.set()
            if not self._has_begun:
                self._begin()

    def _begin(self) -> None:
        with self._gate:
            if self._has_begun:
                return
            self._has_begun = True
        # Servers' workers are processes of multiprocessing, which end without atexit.
        Finalize(None, self._act, exitpriority=0)
        threading.Thread(target=self._run, name="soon", daemon=True).start()

    def _run(self) -> None:
        while self._asked.wait():
            time.sleep(_SECONDS)
            # First, so that what is left behind from here on asks again.
            self._asked.clear()
            try:
                self._act()
            except Exception as error:
                # One failure must not be the end of all that is still to be done.
                warnings.warn(f"{self._act.__name__}: {type(error).__name__}", stacklevel=1)
