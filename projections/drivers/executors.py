"""Executors: where slices of a rebuild are worked on, behind ``concurrent.futures.Executor``."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from ledger import ConfigurationError

__all__ = ["Dask", "InProcess", "Processes", "Workers"]

T = TypeVar("T")

# Not forked: SQLite's handles and the threads of this process do not survive that.
_CONTEXT = multiprocessing.get_context("spawn")
_WATCH_SECONDS = 0.2
# For a scheduler to answer.
_PATIENCE = "10s"


class InProcess(Executor):
    """Does what is submitted at once, in this process."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """A future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Processes:
    """Processes of this machine."""

    count: int

    is_remote = False

    def open(self) -> Executor:
        """A new pool of them."""
        return ProcessPoolExecutor(
            self.count, mp_context=_CONTEXT, initializer=_begin, initargs=(os.getpid(),)
        )

    def __str__(self) -> str:
        return "a process of the rebuild"


@dataclass(frozen=True)
class Dask:
    """The workers of a Dask cluster, by the address of its scheduler (``tcp://host:8786``)."""

    scheduler: str

    is_remote = True

    @property
    def count(self) -> int:
        """How many slices are worked on at a time: one for each thread of the cluster."""
        client = _client(self.scheduler)
        return max(1, sum(map(int, client.nthreads().values())))

    def open(self) -> Executor:
        """Its client as an executor."""
        executor: Executor = _client(self.scheduler).get_executor(pure=False)
        return executor

    def __str__(self) -> str:
        return "a worker of the cluster"


Workers = Processes | Dask
_clients: dict[str, Any] = {}


def _client(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigurationError(
            "the package `distributed` is not installed: install the ledger with its extra `dask`"
        ) from error
    client = _clients.get(scheduler)
    if client is None or client.status != "running":
        try:
            make: Any = Client
            client = _clients[scheduler] = make(scheduler, timeout=_PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ConfigurationError(f"no Dask scheduler answers at {scheduler}") from error
    return client


def _begin(parent: int) -> None:
    """What a process of a pool does first."""
    # Ctrl-C reaches every process of a terminal; it is the parent who acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A batch makes millions of objects and not one cycle.
    gc.disable()

    def watch() -> None:
        # The pool's own pipes do not notice that a parent was killed.
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
