"""Small ledgers for the tests of commands, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.simulator import story
from ledger import Delivery, Ledger, read_delivery
from tests.cli.terminal import Terminal
from tests.databases import DIALECTS, Databases, Fill

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


@pytest.fixture(scope="session")
def fill(event_file: Path) -> Fill:
    """Makes a ledger that contains an order, and one delivery that is not an event."""
    return partial(_fill, event_file)


@pytest.fixture(params=DIALECTS)
def terminal(
    request: pytest.FixtureRequest, databases: Databases, fill: Fill
) -> Iterator[Terminal]:
    """A ledger that contains an order, and one delivery that is not an event."""
    with databases.filled(request.param, fill) as url:
        yield Terminal(url)


@pytest.fixture(scope="session", params=DIALECTS)
def shared_terminal(
    request: pytest.FixtureRequest, databases: Databases, fill: Fill
) -> Iterator[Terminal]:
    """The same ledger as `terminal`, made once, for tests that leave it unchanged."""
    with databases.filled(request.param, fill) as url:
        yield Terminal(url)


def _fill(event_file: Path, url: str) -> None:
    terminal = Terminal(url)
    terminal.ok("import", str(event_file))
    ledger = Ledger.open(url)
    quarantined = read_delivery(NOT_AN_EVENT)
    ledger.append([Delivery(NOT_AN_EVENT, "webhook", 1_700_000_000_000_000, quarantined)])
    ledger.close()
    terminal.ok("rebuild")
