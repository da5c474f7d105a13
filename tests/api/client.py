"""A complete ledger behind its HTTP interface, for tests that use it as a client does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.config.settings import Settings
from api.keys import KeyStore
from api.notify.stores import NotifyStores
from ledger import Ledger
from projections import KINDS, Journal, Kind, Projections
from tests.api.deliveries import NEW_SECRET, NOW, OLD_SECRET, WEBHOOK, body_of, header

FULL_KEY = "static-key-of-full-scope"


@dataclass
class Clock:
    """A clock that a test sets by hand."""

    seconds: float = NOW

    def __call__(self) -> float:
        return self.seconds


def settings(url: str, **changes: Any) -> Settings:
    """The settings of a test's ledger."""
    defaults: dict[str, Any] = {
        "database_url": url,
        "webhook_secrets": (NEW_SECRET, OLD_SECRET),
        "api_keys": (FULL_KEY,),
        "require_https": False,
        "lock_timeout_ms": 300,
    }
    return Settings(**{**defaults, **changes})


class HasPosition(Protocol):
    """Something with a log behind it."""

    @property
    def position(self) -> int: ...


@contextmanager
def appends(log: HasPosition, rows: int) -> Iterator[None]:
    """Check that the code inside appends exactly this many rows to the log."""
    before = log.position
    yield
    assert log.position == before + rows


@dataclass
class ApiClient:
    """An application on a real database, with helpers that make requests.

    ``changes`` are of the default settings. ``http`` is Flask's own client, which adds no key and
    no signature.
    """

    url: str
    changes: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    create: bool = True
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)

    def __post_init__(self) -> None:
        self.settings = settings(self.url, **self.changes)
        self.ledger = Ledger.open(self.url, create=self.create, lock_timeout_ms=300)
        self.projections = Projections.open(self.ledger, self.kinds)
        self.notify = NotifyStores.open(self.ledger, self.projections)
        self.journal = Journal.open(self.ledger)
        if self.create:
            self.projections.create()
            self.notify.create()
            self.journal.create()
        self.app = create_app(
            self.settings,
            ledger=self.ledger,
            projections=self.projections,
            notify=self.notify,
            journal=self.journal,
            clock=self.clock,
        )
        self.http: FlaskClient = self.app.test_client()
        self.keys = KeyStore(self.ledger.engine)

    @property
    def position(self) -> int:
        """The position of the log's head."""
        return self.ledger.log.head().position

    def deliver(self, body: bytes, signature: str | None = None, **request: Any) -> TestResponse:
        """Post a body to the webhook, signed unless a signature is passed."""
        signature = header(body, t=int(self.clock.seconds)) if signature is None else signature
        headers = {"Stripe-Signature": signature, **request.pop("headers", {})}
        # Explicit, because an empty body would otherwise be sent without any length.
        request = {"content_type": "application/json", "content_length": len(body), **request}
        return self.http.post(WEBHOOK, data=body, headers=headers, **request)

    def deliver_chunked(self, body: bytes, **request: Any) -> TestResponse:
        """Post a body without a length, as a server passes a chunked request on."""
        overrides = {
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "CONTENT_LENGTH": "",
        }
        return self.deliver(body, environ_overrides=overrides, **request)

    def store(self, *events: dict[str, Any]) -> None:
        """Deliver events, which are new, and let the projections read them."""
        for document in events:
            assert self.deliver(body_of(document)).json["status"] == "stored"  # type: ignore[index]
        self.follow()

    def follow(self) -> None:
        """Let the projections read up to the head."""
        while self.projections.follow() or self.notify.feed.follow() or self.journal.follow():
            continue

    def get(self, path: str, *, key: str | None = FULL_KEY, **request: Any) -> TestResponse:
        """Get a path with an API key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers.update(request.pop("headers", {}))
        return self.http.get(path, headers=headers, **request)

    def post(self, path: str, *, key: str = FULL_KEY, **request: Any) -> TestResponse:
        """Post to a path with an API key."""
        return self.http.post(path, headers={"Authorization": f"Bearer {key}"}, **request)

    def delete(self, path: str, *, key: str = FULL_KEY) -> TestResponse:
        """Delete a path with an API key."""
        return self.http.delete(path, headers={"Authorization": f"Bearer {key}"})

    def items(self, path: str) -> list[dict[str, Any]]:
        """The items of a list."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.get_json()["data"]
        return items

    def close(self) -> None:
        """Close the stores."""
        self.notify.close()
        self.journal.close()
        self.projections.close()
        self.ledger.close()


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """Check that a response is a problem with this status; returns its document."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = response.get_json()
    assert document["status"] == status
    assert document["request_id"] == response.headers["Request-Id"]
    return document
