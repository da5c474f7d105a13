"""Signed HTTP requests, ready to send: realistic sizes, all different, a file per sender."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from api.simulator import sign
from scripts.benchmarks.cache import print_progress
from scripts.benchmarks.events import bodies

__all__ = ["SECRET", "TOLERANCE_SECONDS", "WIDTH", "Posts", "RequestFile"]

SECRET = "whsec_benchmarks_0123456789abcdef"
TOLERANCE_SECONDS = 3600
_SIGNATURE_SECONDS_MAX = 1200

_SIZES_BYTES = range(2048, 6145)
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
class RequestFile:
    """What one sender sends: a file of requests, each after its length, and their event ids."""

    path: Path
    ids: list[str]


class Posts:
    """The bodies on disk and their requests, which are signed again when signatures get old."""

    def __init__(self, directory: Path, *, warm: int, count: int, senders: int) -> None:
        """Make ``warm`` bodies to warm up with and ``count`` to measure, dealt to ``senders``."""
        print_progress(f"making {warm + count:,} events ...")
        directory.mkdir()
        self._bodies = directory / "bodies"
        self._signed_at = 0.0
        self.object_ids: set[str] = set()
        self._warm = [RequestFile(directory / f"warm.{number}", []) for number in range(senders)]
        self._measured = [
            RequestFile(directory / f"requests.{number}", []) for number in range(senders)
        ]
        self._targets = [self._warm[number % senders] for number in range(warm)]
        self._targets += [self._measured[number % senders] for number in range(count)]
        with self._bodies.open("wb") as file:
            all_bodies = bodies(warm + count, sizes_bytes=_SIZES_BYTES)
            for target, body in zip(self._targets, all_bodies, strict=True):
                event = msgspec.json.decode(body, type=_Event)
                target.ids.append(event.id)
                self.object_ids.add(event.data.object.id)
                file.write(b"%0*d" % (WIDTH, len(body)) + body)

    def warm_files(self) -> list[RequestFile]:
        """Return the requests to warm up with, a file per sender, with valid signatures."""
        self._sign()
        return self._warm

    def files(self) -> list[RequestFile]:
        """Return the requests to measure with, a file per sender, with valid signatures."""
        self._sign()
        return self._measured

    def _sign(self) -> None:
        if time.time() - self._signed_at < _SIGNATURE_SECONDS_MAX:
            return
        self._signed_at = time.time()
        paths = {target.path for target in (*self._warm, *self._measured)}
        with ExitStack() as stack:
            files = {path: stack.enter_context(path.open("wb")) for path in paths}
            for target, body in zip(self._targets, _read_framed(self._bodies), strict=True):
                request = _request(body, int(self._signed_at))
                files[target.path].write(b"%0*d" % (WIDTH, len(request)) + request)


def _read_framed(path: Path) -> Iterator[bytes]:
    """Yield the records of a file, each of which stands after its length."""
    with path.open("rb") as file:
        while length := file.read(WIDTH):
            yield file.read(int(length))


def _request(body: bytes, timestamp: int) -> bytes:
    head = _HEAD.format(length=len(body), signature=sign(body, SECRET, timestamp))
    return head.encode() + body
