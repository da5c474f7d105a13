"""Claims and results: retries, giving up, pausing, and what several senders do to each other."""

from __future__ import annotations

from sqlalchemy import update

from api.notify.claims import Claims
from api.notify.results import RETRY_SECONDS, Result, record
from api.notify.standing import PAUSE_SECONDS
from api.notify.tables import SENDERS, SUBSCRIBERS
from ledger.database import write_transaction
from projections.tables.lease import database_seconds
from tests.notify.conftest import Facts, due


def test_retries_then_given_up_then_the_next(facts: Facts) -> None:
    """After each failure it waits as long as is said, give or take a tenth; after the tenth it is
    given up, and the next of its row is due."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(1, "a"), due(2, "a")])
    claims, delays = Claims(facts.engine), list[float]()

    for number in range(len(RETRY_SECONDS) + 1):
        [claimed] = claims.claim({subscriber.id: 9})
        assert (claimed.notification, claimed.attempt) == ("ntf_1", number + 1)
        with write_transaction(facts.engine) as connection:
            recorded = record(connection, claims.owner, [Result(claimed, 0, 1, "failed")])
            seconds = database_seconds(connection)
        [waiting] = facts.deliveries.list(notification="ntf_1")
        if waiting.due_at is not None:
            delays.append(waiting.due_at - seconds)
            facts.deliveries.retry("ntf_1")

    assert recorded.given_up == 1 and waiting.state == "given_up"
    assert len(delays) == len(RETRY_SECONDS)
    for delay, wanted in zip(delays, RETRY_SECONDS, strict=True):
        assert 0.89 * wanted - 1 < delay < 1.11 * wanted
    assert [each.notification for each in claims.claim({subscriber.id: 9})] == ["ntf_2"]
    assert facts.deliveries.given_up() == {subscriber.id: 1}


def test_three_days_of_failures_pause(facts: Facts) -> None:
    """And say why; one delivery in between and it goes on."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(n) for n in range(4)])
    claims = Claims(facts.engine)
    claimed = claims.claim({subscriber.id: 9})

    def end(number: int, outcome: str) -> tuple[str, str | None]:
        with write_transaction(facts.engine) as connection:
            result = Result(claimed[number], 0, 1, outcome)  # type: ignore[arg-type]
            record(connection, claims.owner, [result])
            connection.execute(
                update(SUBSCRIBERS).values(
                    failing_since=SUBSCRIBERS.c.failing_since - PAUSE_SECONDS / 2 - 1
                )
            )
        state = facts.subscribers.get(subscriber.id)
        return state.state, state.reason

    assert end(0, "failed") == ("active", None)
    assert end(1, "delivered") == ("active", None)
    assert end(2, "failed") == ("active", None)
    with write_transaction(facts.engine) as connection:
        connection.execute(
            update(SUBSCRIBERS).values(failing_since=SUBSCRIBERS.c.failing_since - PAUSE_SECONDS)
        )
    state, reason = end(3, "failed")
    assert state == "paused" and "three days" in str(reason)


def test_two_senders_never_claim_the_same(facts: Facts) -> None:
    """What one has, the other does not get; what it gives back, it does."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(n) for n in range(10)])
    first, second = Claims(facts.engine), Claims(facts.engine)

    a, b = first.claim({subscriber.id: 6}), second.claim({subscriber.id: 6})
    first.release(a[:3])
    again = second.claim({subscriber.id: 6})

    assert (len(a), len(b)) == (6, 4)
    assert {each.notification for each in (*a, *b)} == {f"ntf_{n}" for n in range(10)}
    assert [each.notification for each in again] == [each.notification for each in a[:3]]


def test_a_dead_senders_work_is_taken_up_and_its_late_result_is_none(facts: Facts) -> None:
    """Who had it may live after all: the result of a claim that was taken counts for nothing."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(1)])
    dead, living = Claims(facts.engine), Claims(facts.engine)
    [claimed] = dead.claim({subscriber.id: 9})
    nothing = living.claim({subscriber.id: 9})
    with write_transaction(facts.engine) as connection:
        its = SENDERS.c.owner == dead.owner
        connection.execute(update(SENDERS).where(its).values(heartbeat=0.0))
    living.heartbeat()

    [taken] = living.claim({subscriber.id: 9})
    with write_transaction(facts.engine) as connection:
        late = record(connection, dead.owner, [Result(claimed, 0, 1, "delivered")])
        earlier = record(connection, living.owner, [Result(claimed, 0, 1, "delivered")])
        in_time = record(connection, living.owner, [Result(taken, 0, 1, "delivered")])

    assert nothing == []
    assert [len(each.results) for each in (late, earlier, in_time)] == [0, 0, 1]
    assert len(facts.attempts.list().items) == 1


def test_senders_share_what_is_allowed_at_once(facts: Facts) -> None:
    """On PostgreSQL the parts add up; on SQLite the first has all until it leaves."""
    senders = [Claims(facts.engine) for _ in range(3)]
    for sender in senders:
        sender.heartbeat()
    parts = [sender.heartbeat().of(8) for sender in senders]
    senders[0].leave()
    after = [sender.heartbeat().of(8) for sender in senders[1:]]

    assert sum(parts) == sum(after) == 8
    if facts.engine.dialect.name == "sqlite":
        assert (parts, after) == ([8, 0, 0], [8, 0])
    else:
        assert sorted(parts) == [2, 3, 3] and after == [4, 4]
