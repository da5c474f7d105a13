"""One kept-alive connection to a ledger: posts like Stripe, reads like anybody with a key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from api.simulator.signing import SIGNATURE_HEADER, sign

WEBHOOK_PATH = "/webhooks/stripe"
TIMEOUT_SECONDS = 10.0
ATTEMPTS = 8
WAIT_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger said: the HTTP status, 0 where nobody answered, and the JSON body."""

    status: int
    body: Mapping[str, Any]
    retry_after: float = 0.0


class Client:
    """Talks to one ledger over one connection, made anew when it breaks."""

    def __init__(
        self,
        url: str,
        *,
        secret: str,
        api_key: str,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the URL of a ledger: {url!r} (expected http://host:port)")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        self._prefix = parts.path.rstrip("/")
        self._secret, self._api_key = secret, api_key
        self._clock, self._sleep = clock, sleep

    def deliver(self, body: bytes, *, signed: bytes | None = None) -> Answer:
        """Posts an event; retried while the ledger is away, each time signed anew.

        `signed`: the bytes that were signed, where they are not those that are sent.
        """
        answer = Answer(0, {})
        for attempt in range(ATTEMPTS):
            now = int(self._clock())
            signature = sign(body if signed is None else signed, self._secret, now)
            headers = {"Content-Type": "application/json; charset=utf-8"}
            answer = self._ask("POST", WEBHOOK_PATH, body, {**headers, SIGNATURE_HEADER: signature})
            if answer.status not in (0, 503):
                return answer
            if attempt + 1 < ATTEMPTS:
                pause = max(answer.retry_after, 0.1 * 2**attempt)
                self._sleep(min(pause, WAIT_SECONDS_MAX))
        return answer

    def get(self, path: str, **query: str | int) -> Answer:
        """Reads from the API."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._ask("GET", target, None, {"Authorization": f"Bearer {self._api_key}"})

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        query: dict[str, str | int] = {"limit": 100}
        while True:
            answer = self.get(path, **query)
            if answer.status != 200:
                raise UnexpectedAnswer(f"GET {path}: {answer.status} {answer.body.get('title')}")
            page: list[dict[str, Any]] = answer.body["data"]
            yield from page
            if not answer.body["has_more"]:
                return
            query["starting_after"] = page[-1]["id"]

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()

    def _ask(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        try:
            self._connection.request(method, self._prefix + target, body, dict(headers))
            response = self._connection.getresponse()
            return _read(response)
        except (HTTPException, OSError) as error:
            self._connection.close()
            return Answer(0, {"title": f"no answer: {type(error).__name__}: {error}"})


class UnexpectedAnswer(Exception):
    """The ledger answered what it should not have."""


def _read(response: HTTPResponse) -> Answer:
    text = response.read()
    try:
        body = json.loads(text)
    except ValueError:
        body = {"title": f"{len(text)} bytes that are no JSON"}
    after = response.headers.get("Retry-After", "")
    wait = float(after) if after.isdecimal() else 0.0
    return Answer(response.status, body if isinstance(body, dict) else {}, wait)
