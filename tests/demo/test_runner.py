"""The demo's runner, against a small ledger that keeps what it is sent in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stripe

from api.demo import runner
from api.demo.client import Client
from api.demo.report import where_to_look
from api.demo.runner import DemoOptions, run
from api.simulator import Truth, body, histories

SECRET, KEY = "whsec_of_this_test_only", "key of this test"


class SmallLedger:
    """Keeps the ids of the events it is sent, and serves the rows it is made with."""

    def __init__(self, truth: Truth, notifications: Sequence[dict[str, Any]] = ()) -> None:
        self.truth = truth
        self.notifications = [*notifications]
        self.stored: set[str] = set()
        self.refused = 0
        self.unavailable = 0

    def deliver(self, body: bytes, header: str) -> tuple[int, dict[str, Any]]:
        """Store an event once, if its signature is right."""
        if self.unavailable:
            self.unavailable -= 1
            return 503, {"title": "unavailable"}
        try:
            event = stripe.Webhook.construct_event(body, header, SECRET)
        except stripe.SignatureVerificationError:
            self.refused += 1
            return 400, {"title": "not signed"}
        status = "duplicate" if event.id in self.stored else "stored"
        self.stored.add(event.id)
        return 200, {"status": status}

    def read(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return a list; the rows appear with the first event."""
        kind = path.rsplit("/", 1)[-1]
        if kind == "projections":
            return {"data": [{"lag_events": 0, "position": len(self.stored)}], "has_more": False}
        if kind == "summary":
            return {"data": [], "has_more": False}
        rows = list(self.truth[kind].values()) if kind in self.truth else self.notifications
        rows = rows if self.stored else []
        after = query.get("starting_after", [None])[0]
        begin = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
        limit = int(query["limit"][0])
        return {"data": rows[begin : begin + limit], "has_more": begin + limit < len(rows)}


@contextmanager
def _served(ledger: SmallLedger) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._respond(*ledger.deliver(body, self.headers["Stripe-Signature"]))

        def do_GET(self) -> None:
            assert self.headers["Authorization"] == f"Bearer {KEY}"
            parts = urlsplit(self.path)
            self._respond(200, ledger.read(parts.path, parse_qs(parts.query)))

        def _respond(self, status: int, body: dict[str, Any]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ledger() -> SmallLedger:
    """Return a ledger that serves what is right for twelve stories of seed 4."""
    truth: Truth = {}
    notifications: list[dict[str, Any]] = []
    for history in histories(4, 12):
        for kind, rows in history.truth().items():
            truth.setdefault(kind, {}).update(rows)
        for rise in history.notifications():
            id = f"ntf_{len(notifications)}"
            notifications.append({"id": id, "type": rise.type, "object_id": rise.object_id})
    return SmallLedger(truth, notifications)


def _run(ledger: SmallLedger, **options: Any) -> tuple[int, str]:
    lines: list[str] = []
    with _served(ledger) as url:
        code = run(DemoOptions(url, SECRET, KEY, 4, stories=12, write=lines.append, **options))
    return code, "\n".join(lines)


def test_notifications_are_compared(ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """That each is there, that none is there twice, and that an order is paid once."""
    monkeypatch.setattr(runner, "NOTIFIED_SECONDS_MAX", 0.0)
    paid = next(each for each in ledger.notifications if each["type"] == "order.paid")
    ledger.notifications.remove(paid)
    assert f"order.paid of {paid['object_id']}: count: expected 1, found 0" in _run(ledger)[1]
    ledger.stored.clear()
    ledger.notifications += [paid, {**paid, "id": "ntf_again"}]
    assert f"order.paid of {paid['object_id']}: count: expected 1, found 2" in _run(ledger)[1]
    ledger.stored.clear()
    first = ledger.notifications[0]
    ledger.notifications[-1] = dict(first)
    code, output = _run(ledger)

    assert code == 1 and f"notifications {first['id']}: count: expected 1, found 2" in output


def test_a_right_ledger_passes(ledger: SmallLedger) -> None:
    """Where every event arrives and every row is right, the exit code is 0."""
    code, output = _run(ledger)

    assert code == 0
    assert "every row is right" in output
    assert ledger.stored == {e["id"] for history in histories(4, 12) for e in history.events}


def test_shuffled_duplicated_and_forged(ledger: SmallLedger) -> None:
    """Forged deliveries are expected to be refused, duplicates to be recognized."""
    code, output = _run(ledger, shuffle=8, duplicate=50.0, tamper=20.0)

    assert code == 0
    assert ledger.refused > 0
    assert f"{ledger.refused} forged and refused" in output and "duplicate" in output


def test_an_event_is_posted_again_while_the_ledger_is_unavailable(ledger: SmallLedger) -> None:
    """A 503 is followed by another attempt, as with Stripe, after a pause that doubles."""
    ledger.unavailable = 3
    event = next(histories(4)).events[0]
    pauses: list[float] = []
    with (
        _served(ledger) as url,
        closing(Client(url, secret=SECRET, api_key=KEY, sleep=pauses.append)) as client,
    ):
        response = client.deliver(body(event))

    assert response.body == {"status": "stored"}
    assert pauses == [0.1, 0.2, 0.4]


def test_a_wrong_row_is_named(ledger: SmallLedger) -> None:
    """A row that differs is named with its field, and the exit code is 1."""
    row = next(iter(ledger.truth["orders"].values()))
    row["amount_received"] = -1

    code, output = _run(ledger)

    assert code == 1
    assert f"orders {row['id']}: amount_received: expected" in output


def test_rows_missing_and_unexpected_are_named(ledger: SmallLedger) -> None:
    """A ledger that was empty before must hold exactly the rows of the stories."""
    missing = ledger.truth["orders"].popitem()[0]
    ledger.truth["refunds"]["re_nobody"] = {"id": "re_nobody", "object": "refund"}

    code, output = _run(ledger)

    assert code == 1
    assert f"orders {missing}: missing" in output
    assert "refunds re_nobody: unexpected" in output


def test_no_secret_is_printed(ledger: SmallLedger) -> None:
    """The commands that are printed use the variable that holds the key."""
    _, output = _run(ledger)

    assert SECRET not in output and KEY not in output
    assert "$LEDGER_API_KEY" in output


def test_a_demo_ends_after_its_time(ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a duration no story begins after it; a story that began is posted to its end."""
    # This ledger has none of its notifications: they are not waited for.
    monkeypatch.setattr(runner, "NOTIFIED_SECONDS_MAX", 0.0)
    lines: list[str] = []
    with _served(ledger) as url:
        run(DemoOptions(url, SECRET, KEY, 4, for_seconds=0.1, write=lines.append))

    assert any("posted" in line for line in lines)


def test_where_to_look_without_orders() -> None:
    """A demo that posted no order still says where to look."""
    lines = where_to_look("http://127.0.0.1:8000/", "lk_key", {})

    assert "  http://127.0.0.1:8000/docs" in lines
    assert any("/v1/summary" in line for line in lines)
