"""A fixed time that something may take in an event loop; costs less than a timer for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

__all__ = ["Deadline"]

T = TypeVar("T")

_LOOK_SECONDS = 0.2


class Deadline:
    """Cancels what a task waits for when it takes longer than ``seconds``.

    It looks a few times a second at those that have waited longest.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        # In the order of their deadlines, for all may take equally long.
        self._due_by_task: dict[asyncio.Task[Any], float] = {}
        self._is_looking = False

    async def limit(self, awaitable: Awaitable[T]) -> T:
        """Wait for it; raises ``TimeoutError`` where it takes too long."""
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._due_by_task[task] = self._loop.time() + self._seconds
        if not self._is_looking:
            self._is_looking = True
            self._loop.call_later(_LOOK_SECONDS, self._look)
        try:
            return await awaitable
        except asyncio.CancelledError:
            if task in self._due_by_task:
                raise  # somebody else cancelled it
            task.uncancel()
            raise TimeoutError from None
        finally:
            self._due_by_task.pop(task, None)

    def _look(self) -> None:
        seconds = self._loop.time()
        late = []
        for task, due in self._due_by_task.items():
            if due > seconds:
                break
            late.append(task)
        for task in late:
            del self._due_by_task[task]
            task.cancel()
        self._is_looking = bool(self._due_by_task)
        if self._is_looking:
            self._loop.call_later(_LOOK_SECONDS, self._look)
