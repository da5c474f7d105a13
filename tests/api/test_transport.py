"""What comes before the signature: method, scheme, content type, framing, size, path."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from tests.api.wire import WEBHOOK, Wire, body_of, event, header, problem, written

LIMIT = 4096


@pytest.fixture(scope="module")
def small(shared_url: str) -> Iterator[Wire]:
    """A ledger whose limit is small."""
    wire = Wire(shared_url, {"max_body": LIMIT})
    yield wire
    wire.close()


def sized(size: int) -> bytes:
    """An event of exactly so many bytes."""
    bare = len(body_of(event(note="")))
    body = body_of(event(note="x" * (size - bare - 8)))
    return body + b" " * (size - len(body))


@pytest.mark.parametrize("framing", ["deliver", "chunked"])
def test_at_the_limit(small: Wire, framing: str) -> None:
    """A body of exactly the limit is taken, whatever the framing."""
    answer = getattr(small, framing)(sized(LIMIT))

    assert answer.get_json()["status"] == "stored"


@pytest.mark.parametrize("framing", ["deliver", "chunked"])
@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 100])
def test_beyond_the_limit(small: Wire, framing: str, size: int) -> None:
    """One byte more is a 413, and nothing is written."""
    before = small.position

    answer = getattr(small, framing)(sized(size))

    problem(answer, 413)
    assert small.position == before


MEDIA: dict[str, dict[str, Any]] = {
    "form": {"content_type": "application/x-www-form-urlencoded"},
    "text": {"content_type": "text/plain"},
    "absent": {"content_type": None},
    "gzip": {"headers": {"Content-Encoding": "gzip"}},
    "problem+json": {"content_type": "application/problem+json"},
}


@pytest.mark.parametrize("request_", MEDIA.values(), ids=MEDIA)
def test_media_type(small: Wire, request_: dict[str, Any]) -> None:
    """Anything but plain JSON is a 415, and nothing is written."""
    before = small.position

    problem(small.deliver(body_of(event()), **request_), 415)

    assert small.position == before


def test_gzip_bomb(small: Wire) -> None:
    """A compressed body is refused unread."""
    bomb = gzip.compress(b" " * 10_000_000)

    with written(small, 0):
        problem(small.deliver(bomb, headers={"Content-Encoding": "gzip"}), 415)


def test_media_type_parameters(small: Wire) -> None:
    """Parameters of the content type are allowed."""
    answer = small.deliver(body_of(event()), content_type="application/json; charset=utf-8")

    assert answer.get_json()["status"] == "stored"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method(small: Wire, method: str) -> None:
    """Only POST; the answer says so, and a signed body changes nothing."""
    body = body_of(event())
    with written(small, 0):
        answer = small.client.open(
            WEBHOOK,
            method=method,
            data=body,
            headers={"Stripe-Signature": header(body, t=int(small.clock.now))},
        )

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        f"{WEBHOOK}/",
        f"/{WEBHOOK}",
        "/webhooks//stripe",
        "/webhooks/..%2fwebhooks/stripe",
        "/webhooks/%2e%2e%2fstripe",
        "/webhooks/stripe%00",
        "/webhooks/stripe%ff",
    ],
)
def test_path(small: Wire, path: str) -> None:
    """Any other path is a 404, never a redirect."""
    before, body = small.position, body_of(event())

    answer = small.client.post(
        path, data=body, headers={"Stripe-Signature": header(body)}, content_type="application/json"
    )

    problem(answer, 404)
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
def test_nearly_right(small: Wire, environ: dict[str, str], status: int) -> None:
    """What a server passes on as it came is taken by nothing that would put it right."""
    before = small.position

    answer = small.deliver(body_of(event()), environ_overrides=environ)

    problem(answer, status)
    assert small.position == before


def test_no_length(small: Wire) -> None:
    """Neither a length nor chunks: 411."""
    body = body_of(event())

    with written(small, 0):
        answer = small.deliver(body, environ_overrides={"CONTENT_LENGTH": ""})

    problem(answer, 411)


def test_bad_length(small: Wire) -> None:
    """A length that is no number is a 400."""
    with written(small, 0):
        problem(small.deliver(body_of(event()), environ_overrides={"CONTENT_LENGTH": "1_0"}), 400)


def test_length_and_chunks(small: Wire) -> None:
    """With both framings the chunked bytes are what counts."""
    body = body_of(event())
    both = {
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_LENGTH": "3",
    }

    with written(small, 1):
        answer = small.deliver(body, environ_overrides=both)

    assert answer.get_json()["status"] == "stored"


def test_gone_in_the_middle(small: Wire) -> None:
    """A client that goes away before the end leaves nothing behind."""
    before, body = small.position, body_of(event())

    answer = small.deliver(body, environ_overrides={"wsgi.input": BytesIO(body[:20])})

    problem(answer, 400)
    assert small.position == before


@pytest.mark.parametrize(
    "host",
    ["evil.example", "a" * 300, "xn--\u00e9", "[::1", "evil.example:99999999", "<script>", ""],
)
def test_host(small: Wire, host: str) -> None:
    """An evil Host changes nothing and is never echoed."""
    with written(small, 1):
        answer = small.deliver(body_of(event()), environ_overrides={"HTTP_HOST": host})

    assert answer.get_json()["status"] == "stored"
    assert "evil" not in answer.text and "evil" not in str(answer.headers)


@pytest.fixture(scope="module")
def strict(shared_url: str) -> Iterator[Wire]:
    """A ledger that requires HTTPS and believes no proxy."""
    wire = Wire(shared_url, {"require_https": True})
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def proxied(shared_url: str) -> Iterator[Wire]:
    """A ledger that requires HTTPS, behind one proxy."""
    wire = Wire(shared_url, {"require_https": True, "trusted_proxies": 1})
    yield wire
    wire.close()


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}])
def test_plain_http(strict: Wire, headers: dict[str, str]) -> None:
    """Where HTTPS is required, http is a 403, also with a forged X-Forwarded-Proto."""
    before = strict.position

    problem(strict.deliver(body_of(event()), headers=headers), 403)

    assert strict.position == before


def test_https(strict: Wire) -> None:
    """Over https it is taken."""
    answer = strict.deliver(body_of(event()), base_url="https://localhost")

    assert answer.get_json()["status"] == "stored"


@pytest.mark.parametrize(
    ("forwarded", "status"), [("https", 200), ("http", 403), ("https, http", 403)]
)
def test_behind_a_proxy(proxied: Wire, forwarded: str, status: int) -> None:
    """What the nearest proxy says counts, not what the sender told that proxy."""
    with written(proxied, 1 if status == 200 else 0):
        answer = proxied.deliver(body_of(event()), headers={"X-Forwarded-Proto": forwarded})

    assert answer.status_code == status


def test_nothing_is_echoed(small: Wire) -> None:
    """No refusal repeats anything of the request."""
    before = small.position
    answers = [
        small.deliver(b'{"secret": "payload-7f3a"}', "t=1,v1=payload-7f3a"),
        small.deliver(b"payload-7f3a", content_type="text/payload-7f3a"),
        small.client.post("/payload-7f3a"),
        small.client.open(WEBHOOK, method="GET", headers={"X": "payload-7f3a"}),
    ]

    assert small.position == before
    for answer in answers:
        assert "7f3a" not in answer.text and "7f3a" not in str(answer.headers)
