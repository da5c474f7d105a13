"""The ledger checks itself: when that is due, and what it says of a row that is not what it was."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from api.serve.checker import check
from api.serve.checks import Checks
from projections import NotReady, Projections
from tests.projections.histories import Store
from tests.projections.payouts import described, paid, spoil, state_of, with_one_more_field


def test_what_differs_is_counted_and_named(store: Store) -> None:
    """A row that somebody altered: its place is logged, its value is not; the count stands by."""
    store.deliver([paid(number) for number in range(3)])
    assert check(store.projections) == 0
    spoil(store, "UPDATE {table} SET amount = 7 WHERE id = 'po_00001'")

    with structlog.testing.capture_logs() as lines:
        assert check(store.projections) == 1

    assert lines[0] == {
        "event": "row_differs", "kind": "payouts", "id": "po_00001", "field": "amount",
        "log_level": "error",
    }  # fmt: skip
    state = state_of(store.projections)
    assert state.differences == 1
    assert state.checked_at == store.projections.checked_at()


def test_all_are_counted_and_some_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should every row differ, a log is not filled with them."""
    store.deliver([paid(number) for number in range(5)])
    spoil(store, "UPDATE {table} SET amount = 7")
    monkeypatch.setattr("api.serve.checker._LOGGED_MAX", 2)

    with structlog.testing.capture_logs() as lines:
        assert check(store.projections) == 5

    assert [line["event"] for line in lines] == ["row_differs", "row_differs", "checked"]
    assert lines[-1]["differences"] == 5


def test_another_versions_rows_are_not_ours_to_check(store: Store) -> None:
    """Rows that another version drew differ for good reason: that is no difference."""
    store.deliver([described(1, "RENT")])
    new = Projections.open(store.ledger, with_one_more_field())

    with pytest.raises(NotReady, match="another version"):
        new.check(["payouts"])

    new.close()


@dataclass
class Stored:
    """What is stored of checks, and of the log's beginning."""

    last: int | None
    first_event: float | None

    @property
    def log(self) -> Stored:
        return self

    def checked_at(self) -> int | None:
        return self.last

    def after(self, position: int, limit: int) -> list[Any]:
        received_at = self.first_event
        return [] if received_at is None else [SimpleNamespace(received_at=received_at * 1e6)]


class Clock:
    """The time, and how many checks were started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds, self.started = 1_790_000_000.0, 0
        clock = self

        class Process:
            def __init__(self, command: list[str]) -> None:
                clock.started += 1

            def poll(self) -> int:
                return 1

        monkeypatch.setattr("api.serve.checks.time.time", lambda: self.seconds)
        monkeypatch.setattr("api.serve.checks.subprocess.Popen", Process)


@pytest.mark.parametrize(
    ("hours", "last", "after", "started"),
    [
        (24, None, 23, 0),
        (24, None, 25, 1),
        (24, 10, 25, 0),
        (24, 10, 35, 1),
        (1, -500, 0, 1),
        (0, None, 1000, 0),
    ],
)
def test_when_it_is_due(
    monkeypatch: pytest.MonkeyPatch, hours: int, last: int | None, after: int, started: int
) -> None:
    """So many hours after the last check, whoever made it; else after the first event; or never."""
    clock = Clock(monkeypatch)
    due = Checks(hours)
    checked_at = None if last is None else int(clock.seconds) + 3600 * last
    stored = Stored(checked_at, first_event=clock.seconds)
    clock.seconds += 3600 * after
    for _ in range(2):
        # What failed is not tried again at once.
        due._look_seconds = 0.0
        due.start_if_due(stored)  # type: ignore[arg-type]

    assert clock.started == started


def test_it_is_due_however_short_processes_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that is deployed anew every 23 hours is checked once a day all the same."""
    clock = Clock(monkeypatch)
    stored = Stored(None, first_event=clock.seconds)
    for _ in range(30):
        before, due = clock.started, Checks(24)
        due.start_if_due(stored)  # type: ignore[arg-type]
        if clock.started > before:
            stored = Stored(int(clock.seconds), first_event=clock.seconds)
        clock.seconds += 3600 * 23

    assert clock.started >= 14


def test_an_empty_ledger_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was received there is nothing to compare."""
    clock = Clock(monkeypatch)
    due = Checks(1)
    clock.seconds += 7200

    due.start_if_due(Stored(None, first_event=None))  # type: ignore[arg-type]

    assert clock.started == 0
