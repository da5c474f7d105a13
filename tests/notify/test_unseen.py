"""Names that nobody resolves in time, and secrets that no log has."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
import structlog

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.http import Http
from api.notify.sender import Sender
from api.notify.signing_secrets import new_secret
from tests.notify.conftest import Facts, due
from tests.notify.receiver import answer, receiving


def test_a_resolver_that_hangs_does_not_hang_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver cannot be interrupted: it is left to itself."""
    released = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        released.wait(20)
        raise socket.gaierror("nobody answers")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    http = Http(Networks.read(DEFAULT_NETWORKS), timeout_seconds=0.5)
    started = time.monotonic()
    sent = http.post("http://shop.example/hooks", [new_secret()], "ntf_1", b"{}")
    seconds = time.monotonic() - started
    released.set()
    http.close()

    assert sent.error is not None and sent.status is None
    assert 0.4 < seconds < 1.5


def test_secrets_are_in_no_log_and_no_attempt(
    facts: Facts, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever a receiver answers: an attempt has the answer, and nothing has what signed it."""
    structlog.reset_defaults()
    with receiving() as receiver:
        receiver.answering = answer(410, "gone")
        subscriber, secret = facts.subscribers.add(f"{receiver.url}?token=tkn_inner", ["*"])
        rotated = facts.subscribers.rotate(subscriber.id)
        facts.deliveries.add(subscriber.id, [due(n) for n in range(3)])
        sender = Sender(facts.engine, networks=Networks.read(DEFAULT_NETWORKS))
        deadline = time.monotonic() + 20
        while facts.subscribers.get(subscriber.id).state == "active":
            assert time.monotonic() < deadline
            sender.send()
        recipients = repr(sender._claims.recipients())
        facts.subscribers.resume(subscriber.id)
        recipients += repr(sender._claims.recipients())
        sender.stop()
    attempts = repr(facts.attempts.list(limit=100).items)
    output = "".join(capfd.readouterr())

    assert "410" in output and subscriber.id in recipients
    for text in (recipients, attempts, output):
        assert secret not in text and rotated not in text
    # The URL's own secrets are the subscriber's to show, and nobody else's.
    assert "tkn_inner" not in attempts + output
