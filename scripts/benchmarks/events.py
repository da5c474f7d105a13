"""Events as they arrive: the simulator's histories, some late, some twice, made on all cores."""

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


def bodies(count: int, *, sizes_bytes: range) -> Iterator[bytes]:
    """Yield that many different events, of sizes in a range."""
    all_bodies = itertools.chain.from_iterable(_on_all_cores(_bodies))
    return itertools.islice((body for body in all_bodies if len(body) in sizes_bytes), count)


def deliveries(count: int, *, first_block: int = 0) -> Iterator[Delivery]:
    """Yield deliveries of that many events: 5 % come late, 2 % come twice.

    Histories come in blocks that have no event in common; ``first_block`` is the first of them.
    """
    rng = Random(f"deliveries/{first_block}")
    in_order = itertools.chain.from_iterable(_on_all_cores(_deliveries, first_block))
    late: list[Delivery] = []
    for delivery in itertools.islice(in_order, count):
        if rng.random() < _LATE_SHARE:
            late.append(delivery)
        else:
            yield delivery
            if rng.random() < _DUPLICATE_SHARE:
                yield delivery
        # About as many are released as are held back, each after some hundreds of others.
        if len(late) > _LATE_MAX * _LATE_SHARE:
            yield late.pop(rng.randrange(len(late)))
    yield from late


def _bodies(block: int) -> list[bytes]:
    start = _START + block * _STORIES * _STORY_SECONDS
    stories = histories(block, _STORIES, start=start, spacing=_STORY_SECONDS)
    return [body(event) for story in stories for event in story.events]


def _deliveries(block: int) -> list[Delivery]:
    parsed = [(body, read_delivery(body)) for body in _bodies(block)]
    return [
        # A made-up time of arrival: two seconds after the event was created.
        Delivery(body, "webhook", (getattr(facts, "created", 0) + 2) * 1_000_000, facts)
        for body, facts in parsed
    ]


def _on_all_cores(make: Callable[[int], list[T]], first_block: int = 0) -> Iterator[list[T]]:
    """Yield block after block, made only a little ahead of use, so that memory stays small."""
    cores = multiprocessing.cpu_count()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        ahead = deque(pool.submit(make, first_block + number) for number in range(2 * cores))
        try:
            for block in itertools.count(first_block + len(ahead)):
                items = ahead.popleft().result()
                ahead.append(pool.submit(make, block))
                yield items
        finally:
            pool.shutdown(cancel_futures=True)
