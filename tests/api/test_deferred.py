"""What requests leave for a moment later: log lines and counts, all of them and in their order."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from prometheus_client import Histogram

from api.telemetry import delivery_metrics as tally
from api.telemetry import logs
from tests.cli.processes import eventually, serving

SOON_SECONDS = 0.1


@pytest.fixture
def log() -> Iterator[structlog.stdlib.BoundLogger]:
    """A logger that gathers, as a web worker's does."""
    before = structlog.get_config()
    logs.configure("json", gather=True)
    yield structlog.get_logger()
    structlog.configure(**before)


def _numbers(text: str) -> list[int]:
    return [json.loads(line)["number"] for line in text.splitlines()]


def test_lines_are_written_soon(
    log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tenth of a second later every line is on stderr, whole and in its order."""
    for number in range(300):
        log.info("happened", number=number, text="x" * (number * 20))
    time.sleep(SOON_SECONDS + 0.4)  # a busy machine's patience

    assert _numbers(capsys.readouterr().err) == list(range(300))


def test_a_warning_is_written_at_once(
    log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a warning goes all that was gathered before it."""
    log.info("happened", number=1)
    log.warning("happened", number=2)

    assert _numbers(capsys.readouterr().err) == [1, 2]


def test_pieces_are_small(
    log: structlog.stdlib.BoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines leave in pieces that a pipe takes whole, so that processes can share one."""
    pieces: list[str] = []
    monkeypatch.setattr(sys.stderr, "write", pieces.append)
    for number in range(100):
        log.info("happened", number=number)
    log.warning("happened", number=100)

    assert _numbers("".join(pieces)) == list(range(101))
    assert 1 < len(pieces) < 10
    assert all(len(piece) <= 4096 and piece.endswith("\n") for piece in pieces)


def test_amounts_are_counted_as_if_one_by_one() -> None:
    """Many amounts at once fall into the same buckets as each by itself."""
    amounts = [0.0, 0.5, 1.0, 1.5, 2.0, 2.0, 99.0]
    one, other = (Histogram("h", "h", buckets=(1, 2, 5), registry=None) for _ in range(2))
    tally._observe(one, amounts)
    for amount in amounts:
        other.observe(amount)

    shown = [[(each.name, each.labels, each.value) for each in next(iter(h.collect())).samples]
             for h in (one, other)]  # fmt: skip
    assert [row for row in shown[0] if "created" not in row[0]] == [
        row for row in shown[1] if "created" not in row[0]
    ]


@pytest.mark.slow
def test_no_line_is_lost_at_an_orderly_end(tmp_path: Path) -> None:
    """Whoever was answered before the end has a line in the log, however late the answer was."""
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path) as server:
        for _ in range(5):
            server.post()
        assert server.end() == 0
        eventually(lambda: server.said().count('"delivery"') == 5, "five lines")
