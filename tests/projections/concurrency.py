"""Jobs in threads beside a test, and waiting for what they bring about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS_MAX = 20


@contextmanager
def beside(*jobs: Callable[[threading.Event], None]) -> Iterator[None]:
    """Each job in a thread of its own until the event is set; what one raises is raised here."""
    stop, raised = threading.Event(), list[BaseException]()

    def work(job: Callable[[threading.Event], None]) -> None:
        try:
            job(stop)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if raised:
        raise raised[0]


def until(condition: Callable[[], bool], act: Callable[[], object] = lambda: None) -> None:
    """Wait for a condition that comes true soon, calling ``act`` meanwhile."""
    deadline = time.monotonic() + _SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline
        act()
        time.sleep(0.02)
