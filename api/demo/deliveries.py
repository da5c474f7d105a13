"""How events reach an endpoint: late, twice, and now and then forged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from api.simulator.shapes import Json
from api.simulator.signing import body


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes to post; `signed` are those the signature is made for, if it is a forgery."""

    body: bytes
    signed: bytes | None = None


def deliveries(
    events: Iterable[Json], *, seed: int, shuffle: int, duplicate: float, tamper: float
) -> Iterator[Delivery]:
    """Every event at least once, out of order within a window of `shuffle` deliveries.

    `duplicate` and `tamper` are percentages: events that come again, unchanged, somewhat later;
    and events beside which somebody posts an altered body under the true one's signature.
    """
    rng = Random(f"deliveries/{seed}")
    window: list[Delivery] = []
    for event in events:
        sent = body(event)
        window.append(Delivery(sent))
        if rng.random() * 100 < tamper:
            window.append(Delivery(_forged(sent), signed=sent))
        if rng.random() * 100 < duplicate:
            window.append(Delivery(sent))
        while len(window) > shuffle:
            yield window.pop(rng.randrange(len(window)) if shuffle else 0)
    while window:
        yield window.pop(rng.randrange(len(window)) if shuffle else 0)


def _forged(sent: bytes) -> bytes:
    """The same event, but live money."""
    return sent.replace(b'"livemode": false', b'"livemode": true').replace(
        b'"pending_webhooks": ', b'"pending_webhooks": 1'
    )
