"""What requests defer by a moment: log lines and counts, all of them and in order."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from prometheus_client import Histogram

from api.telemetry import delivery_metrics, logs
from tests.cli.processes import eventually, serving

DELAY_SECONDS_MAX = 0.1


@pytest.fixture
def log() -> Iterator[structlog.stdlib.BoundLogger]:
    """A logger that buffers, as a web worker's does."""
    before = structlog.get_config()
    logs.configure("json", buffered=True)
    yield structlog.get_logger()
    structlog.configure(**before)


def _numbers(text: str) -> list[int]:
    return [json.loads(line)["number"] for line in text.splitlines()]


def test_lines_are_written_soon(
    log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tenth of a second later every line is on stderr, complete and in order."""
    for number in range(300):
        log.info("happened", number=number, text="x" * (number * 20))
    time.sleep(DELAY_SECONDS_MAX + 0.4)  # more than promised: the machine may be busy

    assert _numbers(capsys.readouterr().err) == list(range(300))


def test_a_warning_is_written_at_once(
    log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning is written immediately, with all lines buffered before it."""
    log.info("happened", number=1)
    log.warning("happened", number=2)

    assert _numbers(capsys.readouterr().err) == [1, 2]


def test_writes_are_small(
    log: structlog.stdlib.BoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are written in pieces that a pipe takes whole, so that processes can share it."""
    pieces: list[str] = []
    monkeypatch.setattr(sys.stderr, "write", pieces.append)
    for number in range(100):
        log.info("happened", number=number)
    log.warning("happened", number=100)

    assert _numbers("".join(pieces)) == list(range(101))
    assert 1 < len(pieces) < 10
    assert all(len(piece) <= 4096 and piece.endswith("\n") for piece in pieces)


def test_amounts_together_count_like_single_ones() -> None:
    """Many amounts observed at once fall into the same buckets as each observed alone."""
    amounts = [0.0, 0.5, 1.0, 1.5, 2.0, 2.0, 99.0]
    together, single = (Histogram("h", "h", buckets=(1, 2, 5), registry=None) for _ in range(2))
    delivery_metrics._observe(together, amounts)
    for amount in amounts:
        single.observe(amount)

    assert _samples(together) == _samples(single)


def _samples(histogram: Histogram) -> list[tuple[str, dict[str, str], float]]:
    samples = next(iter(histogram.collect())).samples
    return [(s.name, s.labels, s.value) for s in samples if "created" not in s.name]


@pytest.mark.slow
def test_no_line_is_lost_at_an_orderly_end(tmp_path: Path) -> None:
    """Every delivery answered before an orderly end has its line, however late it was."""
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path) as server:
        for _ in range(5):
            server.post()
        assert server.end() == 0
        eventually(lambda: server.output_text().count('"delivery"') == 5, "five lines")
