"""The ledger checks itself: when that is due, and what it says of a row that is not what it was."""

from __future__ import annotations

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
    """So many hours after the last check, whoever made it; else after the start; or never."""
    clock, ran = [1_790_000_000.0], list[Any]()
    begin = clock[0]

    class Last:
        def checked_at(self) -> int | None:
            return None if last is None else int(begin) + 3600 * last

    class Process:
        def __init__(self, command: list[str]) -> None:
            ran.append(command)

        def poll(self) -> int:
            return 1

    monkeypatch.setattr("api.serve.checks.time.time", lambda: clock[0])
    monkeypatch.setattr("api.serve.checks.subprocess.Popen", Process)
    due = Checks(hours)
    clock[0] += 3600 * after
    for _ in range(2):
        # What failed is not tried again at once.
        due._look_seconds = 0.0
        due.start_if_due(Last())  # type: ignore[arg-type]

    assert len(ran) == started
