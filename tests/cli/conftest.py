"""Small ledgers for the tests of commands, on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.simulator import story
from ledger import Delivery, Ledger, read_delivery
from tests.cli.terminal import Terminal
from tests.servers import PostgresServer

NOT_AN_EVENT = b'{"object": "charge"}'


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in an empty directory: they read `.env` there, and default to a file there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def events() -> list[dict[str, Any]]:
    """The events of one order."""
    return list(story("order_with_3ds_and_partial_refund").events)


@pytest.fixture(scope="session")
def event_file(tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]) -> Path:
    """The events of the order, one per line."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


@pytest.fixture
def terminal(store_url: str, event_file: Path) -> Terminal:
    """A ledger that contains an order, and one delivery that is not an event."""
    return _filled(store_url, event_file)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_terminal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, event_file: Path
) -> Terminal:
    """The same ledger as `terminal`, made once, for tests that leave it unchanged."""
    directory = tmp_path_factory.mktemp("shared")
    url = f"sqlite:///{directory / 'ledger.db'}"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgresql")
        url = server.url(server.create_database())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        return _filled(url, event_file)


def _filled(url: str, event_file: Path) -> Terminal:
    terminal = Terminal(url)
    terminal.ok("import", str(event_file))
    ledger = Ledger.open(url)
    quarantined = read_delivery(NOT_AN_EVENT)
    ledger.append([Delivery(NOT_AN_EVENT, "webhook", 1_700_000_000_000_000, quarantined)])
    ledger.close()
    terminal.ok("rebuild")
    return terminal
