"""Signed HTTP requests, ready to be sent: real-sized, all different, one file per sender."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from api.simulator import sign
from scripts.benchmarks.cache import say
from scripts.benchmarks.events import bodies

__all__ = ["SECRET", "TOLERANCE_SECONDS", "WIDTH", "Posts", "Slice"]

SECRET = "whsec_benchmarks_0123456789abcdef"
TOLERANCE_SECONDS = 3600
_FRESH_SECONDS = 1200

_SIZES = range(2048, 6145)
_HEAD = (
    "POST /webhooks/stripe HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
    "Accept: */*\r\n"
    "Cache-Control: no-cache\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: {length}\r\n"
    "Stripe-Signature: {signature}\r\n"
    "\r\n"
)
WIDTH = 8  # of the length before each request: decimal, so that a Lua script reads it too


class _Object(msgspec.Struct):
    id: str = ""


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    id: str
    data: _Data


@dataclass(frozen=True, slots=True)
class Slice:
    """What one sender sends: a file of requests, each behind its length."""

    path: Path
    ids: list[str]


class Posts:
    """The bodies on disk, and their requests, signed anew when the signatures grow old."""

    def __init__(self, directory: Path, *, warm: int, count: int, senders: int) -> None:
        """Makes ``warm`` bodies to warm up with and ``count`` to measure, dealt to ``senders``."""
        say(f"making {warm + count:,} events ...")
        directory.mkdir()
        self._bodies = directory / "bodies"
        self._signed_at = 0.0
        self.object_ids: set[str] = set()
        warmers = [Slice(directory / f"warm.{n}", []) for n in range(senders)]
        others = [Slice(directory / f"requests.{n}", []) for n in range(senders)]
        self._deal = [warmers[n % senders] for n in range(warm)]
        self._deal += [others[n % senders] for n in range(count)]
        with self._bodies.open("wb") as file:
            made = bodies(warm + count, sizes=_SIZES)
            for target, body in zip(self._deal, made, strict=True):
                event = msgspec.json.decode(body, type=_Event)
                target.ids.append(event.id)
                self.object_ids.add(event.data.object.id)
                file.write(b"%0*d" % (WIDTH, len(body)) + body)
        self._warm, self._slices = warmers, others

    def warm(self) -> list[Slice]:
        """What to warm up with, one per sender, freshly enough signed."""
        self._sign()
        return self._warm

    def slices(self) -> list[Slice]:
        """What to measure with, one per sender, freshly enough signed."""
        self._sign()
        return self._slices

    def _sign(self) -> None:
        if time.time() - self._signed_at < _FRESH_SECONDS:
            return
        self._signed_at = time.time()
        paths = {target.path for target in (*self._warm, *self._slices)}
        with ExitStack() as stack:
            files = {path: stack.enter_context(path.open("wb")) for path in paths}
            for target, body in zip(self._deal, _framed(self._bodies), strict=True):
                request = _request(body, int(self._signed_at))
                files[target.path].write(b"%0*d" % (WIDTH, len(request)) + request)


def _framed(path: Path) -> Iterator[bytes]:
    """The pieces of a file, each behind its length."""
    with path.open("rb") as file:
        while length := file.read(WIDTH):
            yield file.read(int(length))


def _request(body: bytes, now: int) -> bytes:
    head = _HEAD.format(length=len(body), signature=sign(body, SECRET, now))
    return head.encode() + body
