"""Handlers in processes of their own: what they write is written once, whatever they do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.claims import Claims, Recipient
from api.notify.handler_pool import HandlerPool
from api.notify.results import record
from api.notify.sender import Sender
from ledger.database import write_transaction
from tests.cli.processes import eventually
from tests.notify.conftest import TYPES, Facts
from tests.notify.handing import due_to_handler, effects, handler_processes, write_module

TIMEOUT_SECONDS = 6.0


@dataclass(frozen=True)
class Handed:
    """How an attempt ended; ``is_recorded``: already when the sender was to record it."""

    notification: str
    error: str | None
    is_recorded: bool


Deliver = Callable[..., Handed]

# What a handler does, and how the error begins.
RAISING = {
    "raise before": "ZeroDivisionError: division by zero",
    "raise after": "ZeroDivisionError: division by zero",
    "exit after": "SystemExit: closed",
    "commit": "TransactionMisused: commit() is not the handler's",
    "rollback": "TransactionMisused: rollback() is not the handler's",
    "rollback in vain": "TransactionMisused: rollback() is not the handler's",
    "close": "TransactionMisused: close() is not the handler's",
    "begin": "TransactionMisused: begin() is not the handler's",
    "get_transaction": "TransactionMisused: get_transaction().commit()",
    "text": "TransactionMisused: COMMIT is not the handler's",
    "text in vain": "TransactionMisused: ROLLBACK is not the handler's",
}


@pytest.fixture
def pool(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandlerPool]:
    """A pool of one process for the shop's module in the working directory."""
    monkeypatch.chdir(tmp_path)
    module = write_module(tmp_path)
    with facts.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE effects (notification TEXT NOT NULL)")
    pool = HandlerPool(module, facts.engine.url, processes=1, timeout=TIMEOUT_SECONDS)
    with closing(pool):
        yield pool


@pytest.fixture
def deliver(facts: Facts, pool: HandlerPool) -> Deliver:
    """Hands one notification to the handler of its type, as a sender does."""
    numbers, claims = iter(range(1, 1000)), Claims(facts.engine)

    def deliver(do: str, type: str = "order.paid", pattern: str = "") -> Handed:
        pattern = pattern or type
        subscriber = facts.subscribers.add_handler(pattern)
        facts.deliveries.add(subscriber.id, [due_to_handler(next(numbers), do, type)])
        (claimed,) = claims.claim({subscriber.id: 10})
        result = pool.deliver(Recipient(subscriber, [], True), claimed)
        with write_transaction(facts.engine) as connection:
            is_new = bool(record(connection, claims.owner, [result]).results)
        return Handed(claimed.notification, result.error, is_recorded=not is_new)

    return deliver


def test_an_effect_commits_with_its_mark(facts: Facts, deliver: Deliver) -> None:
    """Delivered, counted and noted as an attempt in the handler's own transaction."""
    result = deliver("")
    (delivery,) = facts.deliveries.list()
    (attempt,) = facts.attempts.list().items
    (subscriber,) = facts.subscribers.list()

    assert result == Handed(delivery.notification, None, is_recorded=True)
    assert effects(facts.engine) == [delivery.notification]
    assert (delivery.state, delivery.attempts, attempt.outcome) == ("delivered", 1, "delivered")
    assert (subscriber.delivered, subscriber.failed) == (1, 0)


def test_a_handler_that_raises(facts: Facts, deliver: Deliver) -> None:
    """Its writes are rolled back, the error is its attempt's, and the process goes on. So it is
    where it would end the transaction that is the ledger's to end."""
    assert deliver("").is_recorded
    before, refused = handler_processes(), {}
    for do, reason in RAISING.items():
        error = deliver(do).error
        assert error is not None and len(error) <= 200
        refused[do] = error[: len(reason)]
    after, delivered = handler_processes(), deliver("")

    assert refused == RAISING
    assert before == after
    assert effects(facts.engine) == ["ntf_1", delivered.notification]
    assert len(facts.deliveries.list(state="pending")) == len(RAISING)


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("die before", "status 7"),
        ("die after", "status 7"),
        ("kill itself before", "SIGKILL"),
        ("kill itself after", "SIGKILL"),
    ],
)
def test_a_handler_that_kills_its_process(
    facts: Facts, deliver: Deliver, do: str, reason: str
) -> None:
    """That is a failure of the delivery it had; the next one has a new process."""
    failed, delivered = deliver(do), deliver("")

    assert failed.error is not None and reason in failed.error
    assert delivered.is_recorded
    assert effects(facts.engine) == [delivered.notification]


def test_a_handler_that_hangs(facts: Facts, deliver: Deliver, tmp_path: Path) -> None:
    """It is killed after the timeout, with what it has started."""
    failed, delivered = deliver("hang", "dispute.lost", "dispute.*"), deliver("")
    (attempt,) = facts.attempts.list(outcome="failed").items
    process = int((tmp_path / "started").read_text())

    assert failed.error == "killed: it took longer than 6 s"
    assert TIMEOUT_SECONDS <= attempt.milliseconds / 1000 < TIMEOUT_SECONDS + 20
    assert delivered.is_recorded
    eventually(
        lambda: (
            not psutil.pid_exists(process)
            or psutil.Process(process).status() == psutil.STATUS_ZOMBIE
        ),
        "what it has started has ended",
    )


def test_a_handler_that_holds_the_lock(facts: Facts, deliver: Deliver) -> None:
    """On SQLite it is rolled back after half a second; on PostgreSQL it holds nothing up, and no
    timeout of idle transactions ends it."""
    result = deliver("wait after")
    delivered = deliver("")
    ids = [each.notification for each in (result, delivered) if each.error is None]

    assert effects(facts.engine) == ids
    if facts.engine.dialect.name == "sqlite":
        assert (
            result.error == "killed: its transaction held the database's lock for more than 500 ms"
        )
    else:
        assert result.error is None and result.is_recorded


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_no_timeout_of_idle_transactions_ends_a_handler(facts: Facts, deliver: Deliver) -> None:
    """Not even where the server's default would."""
    with facts.engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(
            f'ALTER DATABASE "{name}" SET idle_in_transaction_session_timeout = 300'
        )

    assert deliver("wait after").is_recorded


def test_a_handler_that_ends_its_transaction_by_the_driver(facts: Facts, deliver: Deliver) -> None:
    """Past every guard it is noticed at the end, and failed."""
    result = deliver("driver")

    assert result.error is not None and "ended the transaction" in result.error


def test_a_handler_that_passes_over_a_refused_statement(facts: Facts, deliver: Deliver) -> None:
    """PostgreSQL's transaction is lost with it, which is no success; SQLite's goes on."""
    result = deliver("refused statement")

    if facts.engine.dialect.name == "sqlite":
        assert result.is_recorded and len(effects(facts.engine)) == 1
    else:
        assert result.error is not None and "InternalError" in result.error
        assert effects(facts.engine) == []


@pytest.mark.parametrize("do", ["savepoint", "session"])
def test_savepoints_and_sessions_are_free(facts: Facts, deliver: Deliver, do: str) -> None:
    """A session's commit is flushed into the transaction; a savepoint is undone by itself."""
    result = deliver(do)

    assert result.error is None and result.is_recorded
    assert effects(facts.engine) == [result.notification]


def test_a_claim_that_another_took_writes_nothing(facts: Facts, pool: HandlerPool) -> None:
    """The effect is the other's: compare-and-set decides at the commit."""
    subscriber = facts.subscribers.add_handler("order.paid")
    facts.deliveries.add(subscriber.id, [due_to_handler(1)])
    recipient, counts = Recipient(subscriber, [], True), {subscriber.id: 1}
    frozen, alive = Claims(facts.engine), Claims(facts.engine)
    (before,) = frozen.claim(counts)
    frozen.leave()
    (after,) = alive.claim(counts)
    results = [pool.deliver(recipient, each) for each in (before, after, after)]

    assert [each.outcome for each in results] == ["failed", "delivered", "failed"]
    assert results[0].error == results[2].error == "another sender had taken the delivery up"
    assert effects(facts.engine) == ["ntf_1"]
    assert len(facts.attempts.list().items) == 1


def test_without_a_connection(facts: Facts, deliver: Deliver, tmp_path: Path) -> None:
    """The sender records it; an error is kept as text that any database takes."""
    delivered = deliver("", "dispute.lost", "dispute.*")
    failed = deliver("raise", "dispute.won", "dispute.*")
    unreadable = deliver("raise unreadably", "dispute.won", "dispute.*")

    assert delivered == Handed(delivered.notification, None, is_recorded=False)
    assert (tmp_path / "alerts").read_text().split() == [delivered.notification]
    assert failed.error is not None and failed.error.startswith("RuntimeError: no stock ?...")
    assert len(failed.error) == 200 and "\0" not in failed.error
    assert unreadable.error is not None and unreadable.error.startswith("Unreadable: (its message")


def test_a_row_goes_on_when_its_delivery_is_marked(facts: Facts, pool: HandlerPool) -> None:
    """The mark makes the next of the row due."""
    subscriber = facts.subscribers.add_handler("order.paid")
    both = [due_to_handler(number, row="same") for number in (1, 2)]
    facts.deliveries.add(subscriber.id, both)
    order = []
    claims, recipient = Claims(facts.engine), Recipient(subscriber, [], True)
    while claimed := claims.claim({subscriber.id: 10}):
        (delivery,) = claimed
        assert pool.deliver(recipient, delivery).outcome == "delivered"
        order.append(delivery.notification)

    assert order == ["ntf_1", "ntf_2"]


def is_all_sent(facts: Facts, sender: Sender, subscriber: str) -> bool:
    """Send once more; whether nothing is pending for a subscriber."""
    sender.send()
    return not facts.deliveries.list(subscriber=subscriber, state="pending")


def test_what_has_no_handler_any_more_waits(facts: Facts, pool: HandlerPool) -> None:
    """It fails no attempts, and nothing of it is given up, until HANDLERS has it again."""
    pool.start(TYPES)
    gone, still = map(facts.subscribers.add_handler, ("dispute.won", "order.paid"))
    facts.deliveries.add(gone.id, [due_to_handler(1, type="dispute.won")])
    facts.deliveries.add(still.id, [due_to_handler(2)])
    sender = Sender(facts.engine, networks=Networks.read(DEFAULT_NETWORKS), handlers=pool)
    eventually(lambda: is_all_sent(facts, sender, still.id), "it is sent")
    sender.stop()
    (waiting,) = facts.deliveries.list(subscriber=gone.id)

    assert (waiting.state, waiting.attempts) == ("pending", 0)
    assert effects(facts.engine) == ["ntf_2"]


def test_close_ends_what_runs(facts: Facts, pool: HandlerPool, deliver: Deliver) -> None:
    """And a process that idles ends by itself."""
    assert deliver("").is_recorded
    (process,) = handler_processes()
    pool.close()

    assert not psutil.pid_exists(process.pid)


def test_a_process_that_died_while_idle_is_replaced(deliver: Deliver) -> None:
    """No delivery fails by it."""
    assert deliver("").is_recorded
    (process,) = handler_processes()
    os.kill(process.pid, 9)
    process.wait()

    assert deliver("").is_recorded
