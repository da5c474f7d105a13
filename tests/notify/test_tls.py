"""Sending over TLS: only to who proves its name, and in limited time as without."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.http import Http
from api.notify.signing_secrets import new_secret

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl")

TIMEOUT_SECONDS = 1.0
SECRET = new_secret()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that only itself vouches for, and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@contextmanager
def receiving_tls(certificate: tuple[Path, Path], pieces: list[bytes]) -> Iterator[str]:
    """A receiver that answers in pieces, with a pause after each; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, certificate))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the client hangs up, or the listener is closed
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(65_536)
                    for piece in pieces:
                        secured.sendall(piece)
                        time.sleep(TIMEOUT_SECONDS / 5)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/hooks"
    thread.join(10)


@contextmanager
def client() -> Iterator[Http]:
    """A client with a short timeout."""
    http = Http(Networks.read(DEFAULT_NETWORKS), timeout_seconds=TIMEOUT_SECONDS)
    yield http
    http.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without REQUESTS_CA_BUNDLE that names its authority; with it, it is taken."""
    whole = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"]
    with receiving_tls(certificate, whole) as url, client() as http:
        refused = http.post(url, [SECRET], "ntf_1", b"{}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with receiving_tls(certificate, whole) as url, client() as http:
        taken = http.post(url, [SECRET], "ntf_1", b"{}")

    assert refused.status is None and str(refused.error).startswith("TLS: ")
    assert (taken.status, taken.text, taken.error) == (200, "ok", None)


def test_dripping_over_tls_ends_in_time(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket is wrapped after it was connected: it is the wrapped one that is shut."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    pieces = [b"HTTP/1.1 200 OK\r\n", *(f"x-{n}: drip\r\n".encode() for n in range(40))]
    with receiving_tls(certificate, pieces) as url, client() as http:
        started = time.monotonic()
        sent = http.post(url, [SECRET], "ntf_1", b"{}")
        seconds = time.monotonic() - started

    assert sent.status is None and "within 1 seconds" in str(sent.error)
    assert TIMEOUT_SECONDS <= seconds + 0.1 < 2 * TIMEOUT_SECONDS
