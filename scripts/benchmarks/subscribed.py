"""How many webhooks a second the ledger takes with a subscriber, of what it takes without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from scripts.benchmarks.contenders import LEDGER
from scripts.benchmarks.generators import load_generator
from scripts.benchmarks.posts import Posts

__all__ = ["measure_subscribed"]

_CONNECTIONS = 16
_SECONDS = 8.0
_ROUNDS = 3
_SENDERS = 2
# More webhooks than a ledger on two cores takes in the time.
_PER_SECOND_MAX = 4000


def measure_subscribed(
    create: Callable[[], str],
    subscribed: Callable[[str, Path], AbstractContextManager[object]],
    directory: Path,
) -> dict[str, Any]:
    """Measure in turn on new databases of ``create``; ``subscribed`` makes one with a subscriber.

    The ratio is the median of the rounds' own, for what slows the machine slows both.
    """
    rates: dict[bool, list[float]] = {False: [], True: []}
    with load_generator(_SENDERS) as generator:
        posts = Posts(
            directory / "subscribed",
            warm=_CONNECTIONS,
            count=int(_PER_SECOND_MAX * _SECONDS),
            senders=_SENDERS,
        )
        for number in range(2 * _ROUNDS):
            # Without, with, with, without ...: neither is always the first of a round.
            is_subscribed = number % 4 in (1, 2)
            url = create()
            with (
                subscribed(url, directory) if is_subscribed else nullcontext(),
                LEDGER.running(url, 1, directory) as server,
            ):
                generator(posts.warm_files(), server.port, _CONNECTIONS, 1.0, repeat=False)
                load = generator(posts.files(), server.port, _CONNECTIONS, _SECONDS, repeat=False)
            rates[is_subscribed].append(load.requests_per_second)
    pairs = zip(rates[True], rates[False], strict=True)
    return {
        "ingest/s": median(rates[False]),
        "with a subscriber/s": median(rates[True]),
        "ratio": median(having / without for having, without in pairs),
    }
