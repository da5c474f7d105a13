"""Events as they arrive: the generator's histories, some late, some twice, made on all cores."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from random import Random
from typing import TypeVar

from api.simulator import body, histories
from ledger import Delivery, read_delivery

__all__ = ["bodies", "deliveries"]

T = TypeVar("T")

_STORIES = 500
_LATE_SHARE = 0.05
_LATE_MAX = 2000
_DUPLICATE_SHARE = 0.02
_STORY_SECONDS = 120
_START = 1_735_689_600


def bodies(count: int, *, sizes: range) -> Iterator[bytes]:
    """So many different events, of a size that is in ``sizes``."""
    found = itertools.chain.from_iterable(_on_all_cores(_bodies))
    return itertools.islice((each for each in found if len(each) in sizes), count)


def deliveries(count: int, *, first: int = 0) -> Iterator[Delivery]:
    """Deliveries of so many events: 5 % come late, 2 % come again.

    ``first`` is the block of histories to begin with: other blocks have other events.
    """
    rng = Random(f"deliveries/{first}")
    fresh = itertools.chain.from_iterable(_on_all_cores(_deliveries, first))
    late: list[Delivery] = []
    for delivery in itertools.islice(fresh, count):
        if rng.random() < _LATE_SHARE:
            late.append(delivery)
        else:
            yield delivery
            if rng.random() < _DUPLICATE_SHARE:
                yield delivery
        # About as many are let go as are held back, each after some hundreds of others.
        if len(late) > _LATE_MAX * _LATE_SHARE:
            yield late.pop(rng.randrange(len(late)))
    yield from late


def _bodies(block: int) -> list[bytes]:
    start = _START + block * _STORIES * _STORY_SECONDS
    stories = histories(block, _STORIES, start=start, spacing=_STORY_SECONDS)
    return [body(event) for story in stories for event in story.events]


def _deliveries(block: int) -> list[Delivery]:
    facts = [(each, read_delivery(each)) for each in _bodies(block)]
    return [
        # A made-up arrival: two seconds after it happened.
        Delivery(each, "webhook", (getattr(fact, "created", 0) + 2) * 1_000_000, fact)
        for each, fact in facts
    ]


def _on_all_cores(make: Callable[[int], list[T]], first: int = 0) -> Iterator[list[T]]:
    """Block after block, made a little ahead of who takes them, so that memory stays small."""
    cores = multiprocessing.cpu_count()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        ahead = deque(pool.submit(make, first + number) for number in range(2 * cores))
        try:
            for number in itertools.count(first + len(ahead)):
                made = ahead.popleft().result()
                ahead.append(pool.submit(make, number))
                yield made
        finally:
            pool.shutdown(cancel_futures=True)
