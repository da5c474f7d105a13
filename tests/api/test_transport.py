"""What is checked before the signature: method, scheme, content type, framing, size, path."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from tests.api.client import ApiClient, appends, problem
from tests.api.deliveries import WEBHOOK, body_of, event, header

LIMIT = 4096


@pytest.fixture(scope="module")
def small(shared_url: str) -> Iterator[ApiClient]:
    """A ledger with a small limit for bodies."""
    client = ApiClient(shared_url, {"max_body": LIMIT})
    yield client
    client.close()


def sized(size: int) -> bytes:
    """An event of exactly this many bytes."""
    bare = len(body_of(event(note="")))
    body = body_of(event(note="x" * (size - bare - 8)))
    return body + b" " * (size - len(body))


@pytest.mark.parametrize("framing", ["deliver", "deliver_chunked"])
def test_at_the_limit(small: ApiClient, framing: str) -> None:
    """A body of exactly the limit is accepted, whatever the framing."""
    response = getattr(small, framing)(sized(LIMIT))

    assert response.get_json()["status"] == "stored"


@pytest.mark.parametrize("framing", ["deliver", "deliver_chunked"])
@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 100])
def test_beyond_the_limit(small: ApiClient, framing: str, size: int) -> None:
    """One byte more is a 413, and nothing is written."""
    before = small.position

    response = getattr(small, framing)(sized(size))

    problem(response, 413)
    assert small.position == before


MEDIA: dict[str, dict[str, Any]] = {
    "form": {"content_type": "application/x-www-form-urlencoded"},
    "text": {"content_type": "text/plain"},
    "absent": {"content_type": None},
    "gzip": {"headers": {"Content-Encoding": "gzip"}},
    "problem+json": {"content_type": "application/problem+json"},
}


@pytest.mark.parametrize("request_", MEDIA.values(), ids=MEDIA)
def test_media_type(small: ApiClient, request_: dict[str, Any]) -> None:
    """Anything but plain JSON is a 415, and nothing is written."""
    before = small.position

    problem(small.deliver(body_of(event()), **request_), 415)

    assert small.position == before


def test_gzip_bomb(small: ApiClient) -> None:
    """A compressed body is refused without reading it."""
    bomb = gzip.compress(b" " * 10_000_000)

    with appends(small, 0):
        problem(small.deliver(bomb, headers={"Content-Encoding": "gzip"}), 415)


def test_media_type_parameters(small: ApiClient) -> None:
    """The content type may have parameters."""
    response = small.deliver(body_of(event()), content_type="application/json; charset=utf-8")

    assert response.get_json()["status"] == "stored"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method(small: ApiClient, method: str) -> None:
    """Every method but POST is a 405 that says so, and a signed body changes nothing."""
    body = body_of(event())
    with appends(small, 0):
        response = small.http.open(
            WEBHOOK,
            method=method,
            data=body,
            headers={"Stripe-Signature": header(body, t=int(small.clock.seconds))},
        )

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        f"{WEBHOOK}/",
        "/webhooks//stripe",
        "/webhooks/..%2fwebhooks/stripe",
        "/webhooks/%2e%2e%2fstripe",
        "/webhooks/stripe%00",
        "/webhooks/stripe%ff",
    ],
)
def test_path(small: ApiClient, path: str) -> None:
    """Every other path is a 404, never a redirect."""
    before, body = small.position, body_of(event())

    response = small.http.post(
        path, data=body, headers={"Stripe-Signature": header(body)}, content_type="application/json"
    )

    problem(response, 404)
    assert small.position == before


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"PATH_INFO": f"/{WEBHOOK}"}, 404),
        ({"PATH_INFO": f"//{WEBHOOK}"}, 404),
        ({"REQUEST_METHOD": "post"}, 405),
    ],
    ids=["two slashes", "three slashes", "lower-case method"],
)
def test_almost_right(small: ApiClient, environ: dict[str, str], status: int) -> None:
    """Paths and methods that are almost right, as a server passes them on, are not corrected."""
    before = small.position

    response = small.deliver(body_of(event()), environ_overrides=environ)

    problem(response, status)
    assert small.position == before


def test_no_length(small: ApiClient) -> None:
    """Without a length and without chunks, the response is a 411."""
    body = body_of(event())

    with appends(small, 0):
        response = small.deliver(body, environ_overrides={"CONTENT_LENGTH": ""})

    problem(response, 411)


def test_bad_length(small: ApiClient) -> None:
    """A length that is not a number is a 400."""
    with appends(small, 0):
        problem(small.deliver(body_of(event()), environ_overrides={"CONTENT_LENGTH": "1_0"}), 400)


def test_length_and_chunks(small: ApiClient) -> None:
    """With a length and chunks, the chunked bytes count."""
    body = body_of(event())
    overrides = {
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_LENGTH": "3",
    }

    with appends(small, 1):
        response = small.deliver(body, environ_overrides=overrides)

    assert response.get_json()["status"] == "stored"


def test_disconnected(small: ApiClient) -> None:
    """A client that disconnects before the end of the body leaves nothing behind."""
    before, body = small.position, body_of(event())

    response = small.deliver(body, environ_overrides={"wsgi.input": BytesIO(body[:20])})

    problem(response, 400)
    assert small.position == before


@pytest.mark.parametrize(
    "host",
    ["evil.example", "a" * 300, "xn--\u00e9", "[::1", "evil.example:99999999", "<script>", ""],
)
def test_host(small: ApiClient, host: str) -> None:
    """A wrong Host changes nothing and is never echoed."""
    with appends(small, 1):
        response = small.deliver(body_of(event()), environ_overrides={"HTTP_HOST": host})

    assert response.get_json()["status"] == "stored"
    assert "evil" not in response.text and "evil" not in str(response.headers)


@pytest.fixture(scope="module")
def strict(shared_url: str) -> Iterator[ApiClient]:
    """A ledger that requires HTTPS and trusts no proxy."""
    client = ApiClient(shared_url, {"require_https": True})
    yield client
    client.close()


@pytest.fixture(scope="module")
def proxied(shared_url: str) -> Iterator[ApiClient]:
    """A ledger that requires HTTPS and trusts one proxy."""
    client = ApiClient(shared_url, {"require_https": True, "trusted_proxies": 1})
    yield client
    client.close()


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}])
def test_plain_http(strict: ApiClient, headers: dict[str, str]) -> None:
    """Where HTTPS is required, http is a 403, even with a forged X-Forwarded-Proto."""
    before = strict.position

    problem(strict.deliver(body_of(event()), headers=headers), 403)

    assert strict.position == before


def test_https(strict: ApiClient) -> None:
    """Over https, a delivery is accepted."""
    response = strict.deliver(body_of(event()), base_url="https://localhost")

    assert response.get_json()["status"] == "stored"


@pytest.mark.parametrize(
    ("forwarded", "status"), [("https", 200), ("http", 403), ("https, http", 403)]
)
def test_behind_a_proxy(proxied: ApiClient, forwarded: str, status: int) -> None:
    """The nearest proxy's X-Forwarded-Proto counts, not what the sender sent to that proxy."""
    with appends(proxied, 1 if status == 200 else 0):
        response = proxied.deliver(body_of(event()), headers={"X-Forwarded-Proto": forwarded})

    assert response.status_code == status


def test_nothing_is_echoed(small: ApiClient) -> None:
    """No error response repeats anything of the request."""
    before = small.position
    responses = [
        small.deliver(b'{"secret": "payload-7f3a"}', "t=1,v1=payload-7f3a"),
        small.deliver(b"payload-7f3a", content_type="text/payload-7f3a"),
        small.http.post("/payload-7f3a"),
        small.http.open(WEBHOOK, method="GET", headers={"X": "payload-7f3a"}),
    ]

    assert small.position == before
    for response in responses:
        assert "7f3a" not in response.text and "7f3a" not in str(response.headers)
