"""Sending to real receivers, good ones and bad ones."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.http import Http
from api.notify.signing_secrets import new_secret
from tests.notify.receiver import Receiver, answer, receiving

BODY = json.dumps({"type": "order.paid", "data": {"id": "ntf_1"}}).encode()
TIMEOUT_SECONDS = 1.0
SECRET = new_secret()


@pytest.fixture
def http() -> Iterator[Http]:
    """A client with a short timeout."""
    client = Http(Networks.read(DEFAULT_NETWORKS), timeout_seconds=TIMEOUT_SECONDS)
    yield client
    client.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 200."""
    with receiving() as started:
        yield started


def test_a_receiver_verifies_what_it_gets(http: Http, receiver: Receiver) -> None:
    """By the library's other half, with each of two secrets during a rotation and no third."""
    old, new, other = new_secret(), new_secret(), new_secret()

    sent = http.post(receiver.url, [new, old], "ntf_1", BODY)

    [request] = receiver.requests
    assert (sent.status, sent.text, sent.error) == (200, "ok", None)
    assert request.headers["webhook-id"] == "ntf_1"
    assert request.headers["content-type"] == "application/json"
    assert request.body == BODY
    for secret in (old, new):
        assert Webhook(secret).verify(request.body, request.headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(request.body, request.headers)


def test_connections_are_kept_alive(http: Http, receiver: Receiver) -> None:
    """Twenty notifications go over one connection."""
    for number in range(20):
        assert http.post(receiver.url, [SECRET], f"ntf_{number}", BODY).error is None

    assert (len(receiver.requests), receiver.connections) == (20, 1)


def test_a_connection_that_was_closed_meanwhile_is_no_failure(
    http: Http, receiver: Receiver
) -> None:
    """A receiver may end what it kept alive just when it is used again: another is made."""

    def close(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            handler.close_connection = True  # without an answer
            return
        answer(200)(handler, number)

    receiver.answering = close

    results = [http.post(receiver.url, [SECRET], f"ntf_{n}", BODY).error for n in range(2)]

    assert results == [None, None]
    assert receiver.ids == ["ntf_0", "ntf_1", "ntf_1"]


def hang(handler: BaseHTTPRequestHandler, _: int) -> None:
    time.sleep(3 * TIMEOUT_SECONDS)


def drip_headers(handler: BaseHTTPRequestHandler, _: int) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(40):
        handler.wfile.write(f"x-{number}: drip\r\n".encode())
        handler.wfile.flush()
        time.sleep(TIMEOUT_SECONDS / 5)


def drip_body(handler: BaseHTTPRequestHandler, _: int) -> None:
    handler.send_response(200)
    handler.send_header("connection", "close")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b".")
        handler.wfile.flush()
        time.sleep(TIMEOUT_SECONDS / 5)


@pytest.mark.parametrize("answering", [hang, drip_headers, drip_body])
def test_whatever_it_does_an_attempt_ends_in_time(
    http: Http, receiver: Receiver, answering: Any
) -> None:
    """A receiver that hangs, or sends a byte now and then: no wait of the socket's is long."""
    receiver.answering = answering
    started = time.monotonic()

    sent = http.post(receiver.url, [SECRET], "ntf_1", BODY)

    assert sent.error is not None and sent.status is None
    assert "within 1 seconds" in sent.error or "in time" in sent.error
    assert TIMEOUT_SECONDS <= time.monotonic() - started + 0.1 < 2 * TIMEOUT_SECONDS


def test_redirects_are_not_followed(http: Http, receiver: Receiver) -> None:
    """Not even to where it may send."""
    receiver.answering = answer(307, location=f"{receiver.url}/elsewhere")

    sent = http.post(receiver.url, [SECRET], "ntf_1", BODY)

    assert sent.status == 307 and "not followed" in str(sent.error)
    assert [request.path for request in receiver.requests] == ["/hooks"]


def test_of_an_answer_little_is_read(http: Http, receiver: Receiver) -> None:
    """Its first 200 characters are kept; what goes on and on is not waited for."""

    def endless(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(200)
        handler.send_header("connection", "close")
        handler.end_headers()
        for _ in range(20_000):
            handler.wfile.write(b"\0\xff" + b"x" * 998)

    receiver.answering = endless
    started = time.monotonic()

    sent = http.post(receiver.url, [SECRET], "ntf_1", BODY)

    assert sent.error is None and sent.text == "\ufffd\ufffd" + "x" * 198
    assert time.monotonic() - started < TIMEOUT_SECONDS


def test_when_to_come_back(http: Http, receiver: Receiver) -> None:
    """Retry-After of a 429 and a 503, in seconds or as a date, up to a day; of no other answer."""
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    texts = ["7", "999999999", in_a_minute, "soon", "-3"]
    seconds = []
    for text in texts:
        receiver.answering = answer(429, retry_after=text)
        seconds.append(http.post(receiver.url, [SECRET], "ntf_1", BODY).retry_after)
    receiver.answering = answer(503, retry_after="9")
    busy = http.post(receiver.url, [SECRET], "ntf_1", BODY)
    receiver.answering = answer(500, retry_after="9")
    broken = http.post(receiver.url, [SECRET], "ntf_1", BODY)

    assert seconds[:2] == [7, 86_400] and seconds[3:] == [None, None]
    assert seconds[2] is not None and 55 < seconds[2] <= 60
    assert (busy.retry_after, broken.retry_after) == (9, None)


def test_a_name_is_judged_by_the_address_that_is_connected_to(
    http: Http, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public whenever it is looked at, and a cloud's metadata when it is used."""
    resolve, connected = socket.getaddrinfo, list[str]()
    answers = iter(["93.184.216.34", "169.254.169.254", "127.0.0.1"])

    def rebind(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        assert host == "rebinding.example"
        return resolve(next(answers), port, *arguments, **options)

    def connect(self: socket.socket, address: Any) -> None:
        connected.append(address[0])

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    looked_at = socket.getaddrinfo("rebinding.example", receiver.port)[0][4][0]
    with monkeypatch.context() as patched:
        patched.setattr(socket.socket, "connect", connect)
        sent = http.post("http://rebinding.example/hooks", [SECRET], "ntf_1", BODY)
    allowed = http.post(f"http://rebinding.example:{receiver.port}/hooks", [SECRET], "ntf_2", BODY)

    assert looked_at == "93.184.216.34"
    assert "169.254.169.254" in str(sent.error) and connected == []
    assert allowed.error is None and receiver.ids == ["ntf_2"]


def test_what_is_not_public_is_refused_where_it_is_not_allowed(receiver: Receiver) -> None:
    """LEDGER_SUBSCRIBER_NETWORKS without this machine: no byte arrives."""
    client = Http(Networks.read("10.0.0.0/8"))

    sent = client.post(receiver.url, [SECRET], "ntf_1", BODY)
    client.close()

    assert "LEDGER_SUBSCRIBER_NETWORKS" in str(sent.error)
    assert (receiver.requests, receiver.connections) == ([], 0)


def test_no_proxy_of_the_environment(
    http: Http, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever sets HTTP_PROXY hides where it connects to."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert http.post(receiver.url, [SECRET], "ntf_1", BODY).error is None


def test_a_reason_has_no_url(http: Http) -> None:
    """Nobody listens: the system's reason is kept, not the URL, which may have a token."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/hooks?token=tkn_secret"
        sent = http.post(url, [SECRET], "ntf_1", BODY)

    assert sent.error == "no connection: Connection refused"
