"""A whole ledger behind its HTTP face, for tests: signs, posts and asks like the outside world."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.config.settings import Secret, Settings
from api.keys import KeyStore
from ledger import Ledger
from projections import KINDS, Kind, Projections

NOW = 1_790_000_000
OLD_SECRET = Secret("old", "whsec_old_0123456789abcdef")
NEW_SECRET = Secret("new", "whsec_new_0123456789abcdef")
FULL_KEY = "static-key-of-full-scope"
WEBHOOK = "/webhooks/stripe"

_numbers = itertools.count(1)


@dataclass
class Clock:
    """A clock that stands where a test puts it."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def settings(url: str, **changed: Any) -> Settings:
    """Settings of a test's ledger."""
    defaults: dict[str, Any] = {
        "database_url": url,
        "webhook_secrets": (NEW_SECRET, OLD_SECRET),
        "api_keys": (FULL_KEY,),
        "require_https": False,
        "lock_timeout_ms": 300,
    }
    return Settings(**{**defaults, **changed})


def event(**changed: Any) -> dict[str, Any]:
    """An event as Stripe would send it, each with a new id and a new object."""
    number = next(_numbers)
    return {
        "object": "event",
        "id": f"evt_test_{number}",
        "type": "charge.succeeded",
        "created": NOW - 60,
        "livemode": False,
        "api_version": "2024-06-20",
        "pending_webhooks": 1,
        "data": {"object": {"id": f"ch_{number}", "object": "charge", "amount": 1000}},
        **changed,
    }


def body_of(document: Any) -> bytes:
    """The bytes of a document."""
    return json.dumps(document).encode()


def mac(body: bytes, *, t: int | str = NOW, secret: str = NEW_SECRET.value) -> str:
    """The v1 signature."""
    return hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()


def header(body: bytes, *, t: int | str = NOW, secret: str = NEW_SECRET.value) -> str:
    """A Stripe-Signature header."""
    return f"t={t},v1={mac(body, t=t, secret=secret)}"


class Positioned(Protocol):
    """Something with a log behind it."""

    @property
    def position(self) -> int: ...


@contextmanager
def written(store: Positioned, rows: int) -> Iterator[None]:
    """What happens inside adds so many rows to the log, none more and none less."""
    before = store.position
    yield
    assert store.position == before + rows


@dataclass
class Wire:
    """An application on a real small store; ``position`` tells whether something was written."""

    url: str
    changed: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    create: bool = True
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)

    def __post_init__(self) -> None:
        self.settings = settings(self.url, **self.changed)
        self.ledger = Ledger.open(self.url, create=self.create, lock_timeout_ms=300)
        self.projections = Projections.open(self.ledger, self.kinds)
        if self.create:
            self.projections.create()
        self.app = create_app(
            self.settings, ledger=self.ledger, projections=self.projections, clock=self.clock
        )
        self.client: FlaskClient = self.app.test_client()
        self.keys = KeyStore(self.ledger.engine)

    @property
    def position(self) -> int:
        """Where the log ends."""
        return self.ledger.log.head().position

    def deliver(self, body: bytes, signature: str | None = None, **request: Any) -> TestResponse:
        """Post a body to the way in, signed unless a signature is given."""
        signature = header(body, t=int(self.clock.now)) if signature is None else signature
        headers = {"Stripe-Signature": signature, **request.pop("headers", {})}
        # Named, for an empty body would otherwise be sent without any length.
        request = {"content_type": "application/json", "content_length": len(body), **request}
        return self.client.post(WEBHOOK, data=body, headers=headers, **request)

    def tell(self, *documents: dict[str, Any]) -> None:
        """Deliver events that are stored, and let the projections read them."""
        for document in documents:
            assert self.deliver(body_of(document)).json["status"] == "stored"  # type: ignore[index]
        self.follow()

    def follow(self) -> None:
        """Let the projections read to the head."""
        while self.projections.follow():
            continue

    def get(self, path: str, *, key: str | None = FULL_KEY, **request: Any) -> TestResponse:
        """Ask with a key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers.update(request.pop("headers", {}))
        return self.client.get(path, headers=headers, **request)

    def data(self, path: str) -> list[dict[str, Any]]:
        """The items of a list."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.get_json()["data"]
        return items

    def chunked(self, body: bytes, **request: Any) -> TestResponse:
        """Post a body without a length, as a server hands a chunked one on."""
        overrides = {
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "CONTENT_LENGTH": "",
        }
        return self.deliver(body, environ_overrides=overrides, **request)

    def close(self) -> None:
        """Give everything back."""
        self.projections.close()
        self.ledger.close()


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem document of a refusal, which says nothing but its own words."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = response.get_json()
    assert document["status"] == status
    assert document["request_id"] == response.headers["Request-Id"]
    return document
