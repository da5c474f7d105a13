"""Sending over HTTP by Standard Webhooks: signed, in limited time, to where it may be sent."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import version

import requests
from standardwebhooks import Webhook
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from api.notify.adapter import SubscriberAdapter
from api.notify.addresses import Networks
from api.notify.call import Call, Deadlines
from api.notify.errors import AddressRefused
from api.notify.reasons import reason_of

__all__ = ["TIMEOUT_SECONDS", "Answer", "Http"]

TIMEOUT_SECONDS = 15.0
_ANSWER_BYTES_MAX = 64 * 1024
_ANSWER_CHARACTERS_MAX = 200
_RETRY_AFTER_MAX = 86_400.0
_RETRY_AFTER_OF = (429, 503)
_GONE = 410
_AGENT = f"stripe-ledger/{version('stripe-ledger')}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered, or why there is no answer: ``error`` is None where it took the
    notification."""

    status: int | None = None
    text: str | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it wants nothing any more."""
        return self.status == _GONE


class Http:
    """Posts notifications; any number of threads may do so at once."""

    def __init__(self, networks: Networks, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._deadlines = Deadlines(networks, timeout_seconds)
        self._late = f"no whole answer within {timeout_seconds:g} seconds"
        # The adapters that nobody uses, the last used last: few connections stay warm, not many.
        self._idle: dict[str, list[SubscriberAdapter]] = defaultdict(list)
        self._lock = threading.Lock()
        # Not the environment's proxies, but its authorities: inner services have their own.
        self._verify: bool | str = os.environ.get("REQUESTS_CA_BUNDLE") or True

    def post(self, url: str, secrets: Sequence[str], id: str, body: bytes) -> Answer:
        """Send a notification, signed with each of the secrets; never raises for a receiver."""
        headers = _headers(secrets, id, body)
        with self._adapter(url) as adapter, self._deadlines.call() as call:
            request = adapter.request(headers, body)
            try:
                return self._send(adapter, request, call)
            except AddressRefused as error:
                return Answer(error=str(error))
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                return Answer(error=self._late if call.is_over else reason_of(error))

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._deadlines.close()
        with self._lock:
            for adapters in self._idle.values():
                for adapter in adapters:
                    adapter.close()
            self._idle.clear()

    def _send(
        self, adapter: SubscriberAdapter, request: requests.PreparedRequest, call: Call
    ) -> Answer:
        try:
            response = self._ask(adapter, request, call)
        except requests.ConnectionError:
            # The receiver closed a connection that was kept alive just when it was used again.
            if call.has_connected or call.is_over:
                raise
            response = self._ask(adapter, request, call)
        raw = response.raw
        assert isinstance(raw, BaseHTTPResponse)
        try:
            text = _read(raw)
        except BaseException:
            raw.close()
            raise
        if call.is_over:
            raise TimeoutError
        return _answer(response.status_code, text, response.headers)

    def _ask(
        self, adapter: SubscriberAdapter, request: requests.PreparedRequest, call: Call
    ) -> requests.Response:
        timeout = call.seconds_left()
        return adapter.send(request, stream=True, timeout=timeout, verify=self._verify)

    @contextmanager
    def _adapter(self, url: str) -> Iterator[SubscriberAdapter]:
        with self._lock:
            idle = self._idle[url]
            adapter = idle.pop() if idle else SubscriberAdapter(url)
        try:
            yield adapter
        finally:
            with self._lock:
                self._idle[url].append(adapter)


def _headers(secrets: Sequence[str], id: str, body: bytes) -> Mapping[str, str]:
    signed_at, text = datetime.now(UTC), body.decode()
    signatures = [_webhook(secret).sign(id, signed_at, text) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": _AGENT,
        "webhook-id": id,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@lru_cache(maxsize=256)
def _webhook(secret: str) -> Webhook:
    return Webhook(secret)


def _read(raw: BaseHTTPResponse) -> str:
    """How the answer begins; a connection whose answer goes on beyond the limit is closed."""
    content = raw.read(_ANSWER_BYTES_MAX + 1, decode_content=False)
    if len(content) > _ANSWER_BYTES_MAX:
        raw.close()
    text = content[: 4 * _ANSWER_CHARACTERS_MAX].decode(errors="replace")
    # PostgreSQL's text holds no NUL.
    return text.replace("\0", "\ufffd")[:_ANSWER_CHARACTERS_MAX]


def _answer(status: int, text: str, headers: Mapping[str, str]) -> Answer:
    if 200 <= status < 300:
        return Answer(status, text)
    error = f"answered {status}"
    if 300 <= status < 400:
        error += ", and redirects are not followed"
    retry_after = _retry_after(headers.get("retry-after")) if status in _RETRY_AFTER_OF else None
    return Answer(status, text, error, retry_after)


def _retry_after(text: str | None) -> float | None:
    """In how many seconds, from a number of them or a date; None where it is neither."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        seconds = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _RETRY_AFTER_MAX)
