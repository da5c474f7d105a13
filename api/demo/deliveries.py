"""Turns events into deliveries: out of order, duplicated, and some of them forged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from api.simulator import Json
from api.simulator import body as body_of


@dataclass(frozen=True, slots=True)
class Delivery:
    """A body to post; `signed` is the body that the signature is made for, in a forgery."""

    body: bytes
    signed: bytes | None = None


def deliveries(
    events: Iterable[Json], *, seed: int, shuffle: int, duplicate: float, tamper: float
) -> Iterator[Delivery]:
    """Yield every event at least once, out of order within a window of `shuffle` deliveries.

    `duplicate` is the percentage of events that are delivered a second time, unchanged and
    somewhat later. `tamper` is the percentage beside which an altered body is delivered with the
    signature of the original.
    """
    rng = Random(f"deliveries/{seed}")
    window: list[Delivery] = []
    for event in events:
        body = body_of(event)
        window.append(Delivery(body))
        if rng.random() * 100 < tamper:
            window.append(Delivery(_forged(body), signed=body))
        if rng.random() * 100 < duplicate:
            window.append(Delivery(body))
        while len(window) > shuffle:
            yield window.pop(rng.randrange(len(window)) if shuffle else 0)
    while window:
        yield window.pop(rng.randrange(len(window)) if shuffle else 0)


def _forged(body: bytes) -> bytes:
    """Return an event's body with livemode turned on and `pending_webhooks` changed."""
    return body.replace(b'"livemode": false', b'"livemode": true').replace(
        b'"pending_webhooks": ', b'"pending_webhooks": 1'
    )
