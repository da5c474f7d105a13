"""Projections beside a log that is not theirs: told, not served, and rebuilt by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from ledger import Ledger
from projections import KINDS, NothingToRollBack, NotReady
from projections.tables.engine import projections_url
from tests.projections.cases import event, payout
from tests.projections.conftest import Opened
from tests.projections.histories import RECEIVED_AT, Json, Store, delivery, rows


def payouts(*numbers: int) -> list[Json]:
    """An event for each number, about a payout of its own."""
    return [
        {**event("payout.created", number, payout("pending", id=f"po_{number}")),
         "id": f"evt_payout_{number}"}
        for number in numbers
    ]  # fmt: skip


def replace_log(store: Store, events: list[Json], received_at: int = RECEIVED_AT) -> None:
    """Put another log in the place of a store's, as a restored backup would be."""
    url = store.ledger.engine.url.render_as_string(hide_password=False)
    with store.ledger.engine.begin() as connection:
        for table in ("ledger_events", "ledger_events_head"):
            connection.execute(text(f"DROP TABLE {table}"))
    store.close()
    store.ledger = Ledger.open(url, create=True)
    if events:
        store.ledger.append([delivery(each, received_at) for each in events])
    store.projections = type(store.projections).open(store.ledger)


@pytest.mark.parametrize(
    "restored", [payouts(), payouts(1), payouts(1, 2, 4), payouts(1, 2, 4, 5, 6)],
    ids=["empty", "older", "as long", "longer"],
)  # fmt: skip
def test_rows_of_another_log_are_never_served(store: Store, restored: list[Json]) -> None:
    """After a backup was restored every kind answers that it is not ready, until it is rebuilt."""
    store.deliver(payouts(1, 2, 3))

    replace_log(store, restored)

    for kind in KINDS:
        with pytest.raises(NotReady, match="another log"):
            store.items(kind)
    with pytest.raises(NotReady):
        store.projections.get("payouts", "po_1")
    for state in store.projections.states():
        assert (state.status, state.of_another_log) == ("of_another_log", True)
        assert state.lag_events == len(restored) - 3
    with pytest.warns(UserWarning, match="another log"):
        store.follow()
    assert store.rows() == rows(restored) | {k: {} for k in KINDS if k != "payouts"}
    assert {state.status for state in store.projections.states()} == {"live"}
    store.deliver(payouts(7))
    assert "po_7" in {row["id"] for row in store.items("payouts")}


def test_a_log_that_only_grew_is_the_same(store: Store) -> None:
    """Whoever opens it again goes on where the tables stand: nothing is rebuilt."""
    store.deliver(payouts(1, 2, 3))
    before = [state.previous for state in store.projections.states()]
    store.restart()

    store.deliver(payouts(4))

    assert [state.previous for state in store.projections.states()] == before
    assert len(store.items("payouts")) == 4


def test_a_table_of_another_log_is_nothing_to_roll_back_to(store: Store) -> None:
    """The table before the last cutover was projected from the log before: it never serves."""
    store.deliver(payouts(1, 2, 3))
    replace_log(store, payouts(1))
    with pytest.warns(UserWarning, match="another log"):
        store.follow()

    with pytest.raises(NothingToRollBack, match="another log"):
        store.projections.rollback("payouts")


def test_repair_refuses_a_table_of_another_log(store: Store) -> None:
    """What is not served is not mended either."""
    store.deliver(payouts(1, 2, 3))
    replace_log(store, payouts(1))

    with pytest.raises(NotReady, match="another log"):
        store.projections.refold("payouts", "po_1")


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_whatever_log_is_there_its_rows_are_served_in_the_end(opened: Opened, dialect: str) -> None:
    """Logs take each other's place, each follows on: rows are those of the last, or none."""
    numbers = st.lists(st.integers(1, 6), max_size=4, unique=True)

    @settings(max_examples=4 if dialect == "sqlite" else 2, deadline=None)
    @given(st.lists(numbers, min_size=2, max_size=3), st.booleans())
    @pytest.mark.filterwarnings("ignore")
    def law(logs: list[list[int]], again: bool) -> None:
        with opened(dialect) as store:
            for index, log in enumerate(logs):
                # The same events received at another time are another log.
                replace_log(store, payouts(*log), RECEIVED_AT + again * index)
                store.follow()
                assert set(store.rows()["payouts"]) == {(None, False, f"po_{n}") for n in log}
                assert store.projections.check() == []

    law()


@pytest.mark.parametrize("other", ["ledger.db", "ledger.sqlite", "ledger.projections.db"])
def test_two_logs_never_share_a_projections_file(other: str) -> None:
    """The files beside two logs differ, however alike the names of the logs are."""
    files = [make_url(f"sqlite:///{name}") for name in ("ledger", other)]
    beside = [projections_url(url) for url in files]

    assert len({url.database for url in (*files, *beside)}) == 4
