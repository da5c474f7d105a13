"""A full rebuild and its cutover, beside readers and a writer who notice nothing of it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, insert, text

from ledger import Ledger
from ledger.database import read_transaction, write_transaction
from projections import KINDS, AlreadyRunning, CutoverBlocked, Page, Projections
from tests.conftest import FreshDatabase
from tests.projections.concurrency import beside
from tests.projections.histories import Store
from tests.projections.payouts import paid, state_of, table_of

READERS = 2
BEFORE = 300


def test_readers_and_a_writer_notice_nothing(store_url: str, store: Store) -> None:
    """No error, no missing or mixed row, no step back in time; afterwards the rows are equal."""
    store.deliver([paid(number) for number in range(BEFORE)])
    answers, written = [0] * READERS, [BEFORE]

    def write(stop: threading.Event) -> None:
        while not stop.is_set():
            store.append([paid(written[0])])
            written[0] += 1
            store.projections.follow()
            time.sleep(0.01)

    def reader(number: int) -> Callable[[threading.Event], None]:
        def read(stop: threading.Event) -> None:
            ledger = Ledger.open(store_url)
            projections = Projections.open(ledger)
            position = 0
            while not stop.is_set():
                listed = projections.list("payouts", page=Page(limit=100_000))
                seen = {row["id"]: row["amount"] for row in listed.items}
                expected = {f"po_{n:05}": 1000 + n for n in range(listed.position)}
                assert listed.position >= position, "an older state than was served"
                assert seen == expected, "missing or mixed rows"
                position = listed.position
                assert projections.get("payouts", "po_00007").row["amount"] == 1007
                answers[number] += 1
                time.sleep(0.01)
            projections.close()
            ledger.close()

        return read

    tables = set()
    with beside(write, *map(reader, range(READERS))):
        # Twice: the second cutover drops the table that served at first.
        for _ in range(2):
            store.projections.rebuild()
            tables.add(table_of(store.projections))
        time.sleep(0.2)

    assert min(answers) > 1
    assert len(tables) == 2
    store.follow()
    assert len(store.items("payouts")) == written[0]
    assert store.projections.check() == []


def test_two_rebuilds_at_once(store_url: str, store: Store) -> None:
    """The second says so and stops; the first is not disturbed."""
    store.deliver([paid(number) for number in range(20)])
    ledger = Ledger.open(store_url)
    second = Projections.open(ledger)
    errors = []

    def meanwhile(*_: object) -> None:
        with pytest.raises(AlreadyRunning, match="a rebuild of payouts runs already") as stopped:
            second.rebuild(["payouts"])
        errors.append(stopped)

    store.projections.rebuild(["payouts"], progress=meanwhile)
    second.close()
    ledger.close()

    assert errors
    assert store.projections.check(["payouts"]) == []


REBUILD = """
import sys
from ledger import Ledger
from projections import Projections
projections = Projections.open(Ledger.open(sys.argv[1]))
print("begins", flush=True)
while True:
    projections.rebuild(["payouts"])
"""


def test_killed_at_any_moment(
    store_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 leaves rows as they were; once the dead builder was silent, the next one succeeds."""
    store.deliver([paid(number) for number in range(BEFORE)])
    rows = store.living()
    monkeypatch.setattr("projections.tables.lease.REBUILD_SECONDS", -1)
    for _ in range(4):
        # The one before has been silent for long: here that is at once.
        store.projections.rebuild(["payouts"])
        with subprocess.Popen(
            [sys.executable, "-c", REBUILD, store_url], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
        assert store.living() == rows

    store.projections.rebuild(["payouts"])
    assert store.living() == rows
    assert store.projections.check(["payouts"]) == []


@pytest.mark.parametrize("suffix", ["", "_g1", "_g2", "_g3", "_r", "_g2_r"])
def test_no_table_that_serves_is_built_in(
    store: Store, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """Whichever table a dead builder left, and whichever serves: the next one takes another."""
    store.deliver([paid(number) for number in range(5)])
    monkeypatch.setattr("projections.tables.lease.REBUILD_SECONDS", -1)
    name = f"payouts_{KINDS['payouts'].fingerprint}{suffix}"
    catalog = store.projections.catalog
    for _ in range(5):
        with write_transaction(catalog.engine) as connection:
            left = {"kind": "payouts", "state": "running", "table_name": name, "heartbeat": 0}
            connection.execute(insert(catalog.control.rebuilds).values(**left))
        with read_transaction(catalog.engine) as connection:
            before = catalog.live_table(connection, "payouts")
        store.projections.rebuild(["payouts"])
        with read_transaction(catalog.engine) as connection:
            after = catalog.live_table(connection, "payouts")

        assert before is not None
        assert after is not None
        assert after.table_name not in (name, before.table_name, before.previous)
        assert after.previous == before.table_name
        assert store.projections.check(["payouts"]) == []


@pytest.fixture
def on_postgresql(fresh_database: FreshDatabase) -> Iterator[Store]:
    store = Store.open(fresh_database("postgresql"), create=True)
    store.deliver([paid(number) for number in range(20)])
    yield store
    store.close()


def test_a_session_that_holds_the_view(on_postgresql: Store) -> None:
    """The cutover waits and tries again, `status` names the session, and it goes on at its end."""
    store = on_postgresql
    before = table_of(store.projections)
    other = create_engine(
        store.ledger.engine.url, connect_args={"application_name": "a forgotten report"}
    )
    idle = other.connect()
    idle.execute(text("SELECT count(*) FROM projections.payouts"))

    def rebuild(_: threading.Event) -> None:
        store.projections.rebuild(["payouts"])

    with beside(rebuild):
        deadline = time.monotonic() + 20
        while not (held := state_of(store.projections).held_by):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.3)
        assert table_of(store.projections) == before
        # Reading and following go on meanwhile.
        store.deliver([paid(20)])
        assert len(store.items("payouts")) == 21
        idle.close()
    other.dispose()

    assert "a forgotten report" in held[0]
    assert "idle in transaction" in held[0]
    assert table_of(store.projections) != before
    assert state_of(store.projections).held_by == ()
    assert store.projections.check(["payouts"]) == []


def test_a_view_of_somebody_elses_on_top(on_postgresql: Store) -> None:
    """The cutover stops and names it, nothing is dropped, and goes through once it is gone."""
    store = on_postgresql
    before, rows = table_of(store.projections), store.living()
    with store.ledger.engine.begin() as connection:
        connection.execute(text("CREATE VIEW theirs AS SELECT id FROM projections.payouts"))

    with pytest.raises(CutoverBlocked, match="theirs"):
        store.projections.rebuild(["payouts"])

    assert (table_of(store.projections), store.living()) == (before, rows)
    with store.ledger.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM theirs")).scalar() == 20
        connection.execute(text("DROP VIEW theirs"))
    store.projections.rebuild(["payouts"])
    assert table_of(store.projections) != before
