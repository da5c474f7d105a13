"""The demo's runner, against a small ledger that holds what it is sent in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stripe

from api.demo.report import where_to_look
from api.demo.runner import DemoOptions, run
from api.simulator import Truth, histories

SECRET, KEY = "whsec_of_this_test_only", "key of this test"


class SmallLedger:
    """Keeps the ids it was sent, and knows the rows as somebody told it."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.known: set[str] = set()
        self.refused = 0
        self.away = 0

    def deliver(self, body: bytes, header: str) -> tuple[int, dict[str, Any]]:
        """Stores an event once, if it was signed."""
        if self.away:
            self.away -= 1
            return 503, {"title": "away"}
        try:
            event = stripe.Webhook.construct_event(body, header, SECRET)
        except stripe.SignatureVerificationError:
            self.refused += 1
            return 400, {"title": "not signed"}
        status = "duplicate" if event.id in self.known else "stored"
        self.known.add(event.id)
        return 200, {"status": status}

    def read(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """A list; the rows are there once anything was stored."""
        kind = path.rsplit("/", 1)[-1]
        if kind == "projections":
            return {"data": [{"lag_events": 0, "position": len(self.known)}], "has_more": False}
        if kind == "summary":
            return {"data": [], "has_more": False}
        rows = list(self.truth[kind].values()) if self.known else []
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
            self._say(*ledger.deliver(body, self.headers["Stripe-Signature"]))

        def do_GET(self) -> None:
            assert self.headers["Authorization"] == f"Bearer {KEY}"
            parts = urlsplit(self.path)
            self._say(200, ledger.read(parts.path, parse_qs(parts.query)))

        def _say(self, status: int, body: dict[str, Any]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ledger() -> SmallLedger:
    """One that will have the right rows for twelve stories of seed 4."""
    truth: Truth = {}
    for told in histories(4, 12):
        for kind, rows in told.truth().items():
            truth.setdefault(kind, {}).update(rows)
    return SmallLedger(truth)


def _run(ledger: SmallLedger, **options: Any) -> tuple[int, str]:
    lines: list[str] = []
    with _served(ledger) as url:
        code = run(DemoOptions(url, SECRET, KEY, 4, stories=12, write=lines.append, **options))
    return code, "\n".join(lines)


def test_a_right_ledger_is_told_so(ledger: SmallLedger) -> None:
    """Every event arrives, every row is right, and the exit code is 0."""
    code, said = _run(ledger)

    assert code == 0
    assert "every row is what really happened" in said
    assert ledger.known == {e["id"] for told in histories(4, 12) for e in told.events}


def test_shuffled_doubled_and_forged(ledger: SmallLedger) -> None:
    """Forgeries are expected to be refused, copies to be known."""
    code, said = _run(ledger, shuffle=8, duplicate=50.0, tamper=20.0)

    assert code == 0
    assert ledger.refused > 0
    assert f"{ledger.refused} forged and refused" in said and "duplicate" in said


def test_an_event_is_posted_again_when_the_ledger_is_away(ledger: SmallLedger) -> None:
    """503 is answered by another attempt, as Stripe does."""
    ledger.away = 3

    assert _run(ledger)[0] == 0


def test_a_wrong_row_is_named(ledger: SmallLedger) -> None:
    """A row that differs makes the exit code 1, and the field is said."""
    row = next(iter(ledger.truth["orders"].values()))
    row["amount_received"] = -1

    code, said = _run(ledger)

    assert code == 1
    assert f"orders {row['id']}: amount_received: expected" in said


def test_rows_missing_and_too_many_are_named(ledger: SmallLedger) -> None:
    """A ledger that was empty before must hold exactly the rows of the stories."""
    missing = ledger.truth["orders"].popitem()[0]
    ledger.truth["refunds"]["re_nobody"] = {"id": "re_nobody", "object": "refund"}

    code, said = _run(ledger)

    assert code == 1
    assert f"orders {missing}: missing" in said
    assert "refunds re_nobody: too many" in said


def test_no_secret_is_printed(ledger: SmallLedger) -> None:
    """The commands that are printed name the variable that holds the key."""
    _, said = _run(ledger)

    assert SECRET not in said and KEY not in said
    assert "$LEDGER_API_KEY" in said


def test_a_demo_ends_after_its_time(ledger: SmallLedger) -> None:
    """With a duration no new story begins when it is over; those begun are told to the end."""
    lines: list[str] = []
    with _served(ledger) as url:
        run(DemoOptions(url, SECRET, KEY, 4, for_seconds=0.3, write=lines.append))

    assert any("posted" in line for line in lines)


def test_where_to_look_before_anything_was_ordered() -> None:
    """A demo that ended at once still says where to look."""
    lines = where_to_look("http://127.0.0.1:8000/", "lk_key", {})

    assert "  http://127.0.0.1:8000/docs" in lines
    assert any("/v1/summary" in line for line in lines)
