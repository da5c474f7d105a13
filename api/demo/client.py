"""An HTTP client of a ledger: posts events as Stripe does, and reads rows with an API key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from api.simulator import SIGNATURE_HEADER, sign

WEBHOOK_PATH = "/webhooks/stripe"
TIMEOUT_SECONDS = 10.0
ATTEMPTS = 8
WAIT_SECONDS_MAX = 5.0
_NO_RESPONSE = 0


@dataclass(frozen=True, slots=True)
class ClientResponse:
    """A ledger's response: the HTTP status, 0 where there was none, and the JSON body."""

    status: int
    body: Mapping[str, Any]
    retry_after_seconds: float = 0.0


class UnexpectedResponse(Exception):
    """The ledger responded with an error, or did not respond."""


class Client:
    """Sends requests to one ledger over one kept-alive connection, reopened when it breaks.

    Raises ValueError for a URL that is not http or https, or has no host.
    """

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
        connection_class = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = connection_class(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        self._prefix = parts.path.rstrip("/")
        self._secret, self._api_key = secret, api_key
        self._clock, self._sleep = clock, sleep

    def deliver(self, body: bytes, *, signed: bytes | None = None) -> ClientResponse:
        """Post an event, with retries while the ledger is unavailable, each signed anew.

        `signed` are the bytes to sign where they are not those to send: a forgery.
        """
        response = ClientResponse(_NO_RESPONSE, {})
        for attempt in range(ATTEMPTS):
            signature = sign(body if signed is None else signed, self._secret, int(self._clock()))
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                SIGNATURE_HEADER: signature,
            }
            response = self._request("POST", WEBHOOK_PATH, body, headers)
            if response.status not in (_NO_RESPONSE, 503):
                return response
            if attempt + 1 < ATTEMPTS:
                pause_seconds = max(response.retry_after_seconds, 0.1 * 2**attempt)
                self._sleep(min(pause_seconds, WAIT_SECONDS_MAX))
        return response

    def get(self, path: str, **query: str | int) -> ClientResponse:
        """Read from the API."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._request("GET", target, None, {"Authorization": f"Bearer {self._api_key}"})

    def list_page(self, path: str, **query: str | int) -> Mapping[str, Any]:
        """Return a list object; raises UnexpectedResponse for any status but 200."""
        response = self.get(path, **query)
        if response.status != 200:
            raise UnexpectedResponse(f"GET {path}: {response.status} {response.body.get('title')}")
        return response.body

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, page after page; raises UnexpectedResponse."""
        query: dict[str, str | int] = {"limit": 100}
        while True:
            page = self.list_page(path, **query)
            yield from page["data"]
            if not page["has_more"]:
                return
            query["starting_after"] = page["data"][-1]["id"]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> ClientResponse:
        try:
            self._connection.request(method, self._prefix + target, body, dict(headers))
            return _parse(self._connection.getresponse())
        except (HTTPException, OSError) as error:
            self._connection.close()
            title = f"no response: {type(error).__name__}: {error}"
            return ClientResponse(_NO_RESPONSE, {"title": title})


def _parse(response: HTTPResponse) -> ClientResponse:
    text = response.read()
    try:
        body = json.loads(text)
    except ValueError:
        body = {"title": f"{len(text)} bytes that are not JSON"}
    retry_after = response.headers.get("Retry-After", "")
    seconds = float(retry_after) if retry_after.isdecimal() else 0.0
    return ClientResponse(response.status, body if isinstance(body, dict) else {}, seconds)
