"""`ledger listen`: real requests to it, and what it prints of them."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from standardwebhooks import Webhook

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.http import Http
from api.notify.signing_secrets import new_secret
from api.simulator import story
from tests.cli.listening import Listening, listening
from tests.cli.processes import Server, eventually
from tests.cli.terminal import Terminal, run

SIGNING = new_secret()


def notification(**changes: Any) -> bytes:
    """The body of a notification about an order."""
    row = {"id": "pi_1", "status": "paid", "amount": 4200, "currency": "eur"}
    data = {"id": "ntf_1", "ordinal": 1, "late": False, "holds": True, "object": row, **changes}
    return json.dumps({"type": "order.paid", "data": data}).encode()


def post(receiver: Listening, body: bytes, **headers: str) -> int:
    """Post a body as anybody may; returns the status."""
    connection = HTTPConnection(urlsplit(receiver.url).netloc, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/", body, named)
    status = connection.getresponse().status
    connection.close()
    return status


def signed(body: bytes, *, secret: str = SIGNING, age: timedelta = timedelta()) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    signed_at = datetime.now(UTC) - age
    return {
        "webhook_id": "ntf_1",
        "webhook_timestamp": str(int(signed_at.timestamp())),
        "webhook_signature": Webhook(secret).sign("ntf_1", signed_at, body.decode()),
    }


@pytest.fixture(scope="module")
def verifying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """A receiver that knows the secret."""
    with listening(tmp_path_factory.mktemp("verifying"), "--secret", SIGNING) as receiver:
        yield receiver


def test_what_the_ledger_sends_is_verified(verifying: Listening) -> None:
    """Signed with the secret, and with two during a rotation; the line says what it is about."""
    http = Http(Networks.read(DEFAULT_NETWORKS))
    try:
        answers = [
            http.post(verifying.url, secrets, "ntf_1", notification(id=id))
            for id, secrets in {"ntf_a": [SIGNING], "ntf_b": [new_secret(), SIGNING]}.items()
        ]
    finally:
        http.close()

    assert [answer.status for answer in answers] == [204, 204]
    assert verifying.wait_for("ntf_a") == "order.paid pi_1 paid 4200 eur ntf_a"
    assert verifying.wait_for("ntf_b") == "order.paid pi_1 paid 4200 eur ntf_b"
    assert "nothing is verified" not in verifying.text


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        # Signed when the test runs: five minutes later it would be too old.
        (lambda: signed(notification(), secret=new_secret()), "No matching signature found"),
        (lambda: signed(b"{}"), "No matching signature found"),
        (lambda: signed(notification(), age=timedelta(hours=1)), "Message timestamp too old"),
        (dict, "Missing required headers"),
        (lambda: {**signed(notification()), "webhook_signature": "none"}, "not enough values"),
    ],
    ids=["another secret", "another body", "old", "unsigned", "malformed"],
)
def test_what_is_not_from_the_ledger_is_refused(
    verifying: Listening, headers: Callable[[], dict[str, str]], reason: str
) -> None:
    """A wrong signature is answered with 401, and the line says why."""
    assert post(verifying, notification(id="ntf_forged"), **headers()) == 401
    verifying.wait_for(f"refused with 401: {reason}")
    assert "ntf_forged" not in verifying.text


def test_what_is_no_notification_is_refused(verifying: Listening) -> None:
    """Whatever is posted, the receiver goes on."""
    for nonsense in (b"", b"[]", b"{}", b'{"type": 1, "data": {"object": 2}}'):
        assert post(verifying, nonsense, **signed(nonsense)) == 400
    assert post(verifying, b"", content_length=str(1 << 40)) == 413
    verifying.wait_for("refused with 413")
    body = notification(id="ntf_after")
    assert post(verifying, body, **signed(body)) == 204


def test_lines_say_what_a_subscriber_has_to_know(tmp_path: Path) -> None:
    """Without a secret, once that nothing is verified; control characters are not printed."""
    row = {"id": "in_1\x1b[2J", "status": "open", "total": 0, "currency": "usd"}
    with listening(tmp_path) as receiver:
        assert post(receiver, notification(id="ntf_l", late=True, holds=False)) == 204
        assert post(receiver, notification(id="ntf_o", ordinal=3, object=row)) == 204
        assert post(receiver, notification(id="ntf_n", object=None)) == 204
        receiver.wait_for("ntf_n")

        assert receiver.text.splitlines()[1:] == [
            "Without --secret nothing is verified.",
            "order.paid pi_1 paid 4200 eur ntf_l (late) (no longer so)",
            "order.paid in_1\N{REPLACEMENT CHARACTER}[2J open 0 usd ntf_o (time 3)",
            "order.paid ntf_n",
        ]
        assert receiver.end() == 0


def test_one_line_for_a_wrong_option(tmp_path: Path) -> None:
    """A secret that is none, and a port where something listens."""
    for secret in ("whsec_", "nonsense!", "é"):
        result = run("listen", "--secret", secret)
        assert result.exit_code == 2 and "must be the whsec_…" in result.output
    with listening(tmp_path) as receiver:
        port = str(urlsplit(receiver.url).port)
        result = run("listen", "--port", port)
        assert result.exit_code == 1 and f"cannot listen on 127.0.0.1:{port}" in result.output


def test_it_subscribes_itself_while_it_runs(terminal: Terminal, tmp_path: Path) -> None:
    """Whatever ends it: after kill -9 the next one at its address takes its place."""

    def targets() -> list[str]:
        return [row["target"] for row in terminal.read("subscribers", "list")]

    terminal.ok("subscribers", "add", "https://shop.example/in", "--types", "*")
    options = ("--types", "order.*, dispute.lost")
    with listening(tmp_path, *options, LEDGER_DATABASE_URL=terminal.url) as receiver:
        assert targets() == [receiver.url, "https://shop.example/in"]
        left, port = receiver.url, str(urlsplit(receiver.url).port)
        receiver.end(signal.SIGKILL)
    assert left in targets()
    again = (*options, "--port", port)
    for number, code in {signal.SIGTERM: 143, signal.SIGINT: 0}.items():
        with listening(tmp_path, *again, LEDGER_DATABASE_URL=terminal.url) as receiver:
            assert targets() == [left, "https://shop.example/in"]
            assert receiver.end(number) == code
        assert targets() == ["https://shop.example/in"]


def test_an_unknown_type_is_refused(terminal: Terminal) -> None:
    """Before anything is subscribed."""
    result = terminal.run("listen", "--port", "0", "--types", "order.payed")

    assert result.exit_code == 1 and "did you mean order.paid" in result.output
    assert terminal.read("subscribers", "list") == []


@pytest.mark.slow
def test_a_payment_arrives(store_url: str, tmp_path: Path) -> None:
    """From Stripe's webhooks by a served ledger: each type once, and `order.paid` among them."""
    server = Server(store_url, tmp_path, {"LEDGER_NOTIFIER": "true"})
    server.start()
    try:
        with listening(tmp_path, "--types", "order.*", LEDGER_DATABASE_URL=store_url) as receiver:
            start = int(time.time()) - 10
            for event in story("order_with_late_balance_transaction", start=start).events:
                server.post(event)
            line = receiver.wait_for("order.paid")
            order = server.get("/v1/orders")["data"][0]
            eventually(lambda: server.get("/v1/attempts")["data"], "an attempt is recorded")
            lines = [text for text in receiver.text.splitlines() if text.startswith("order.paid")]
    finally:
        server.process.terminate()
        server.process.wait()

    assert lines == [line]
    assert line.startswith(f"order.paid {order['id']} paid {order['amount']} {order['currency']} ")
