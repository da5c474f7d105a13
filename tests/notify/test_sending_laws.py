"""Laws of sending: whatever fails and whoever dies when, all arrives, in order, and not again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from api.notify.claims import Claims
from api.notify.results import Result, record
from api.notify.tables import ATTEMPTS, DELIVERIES, SENDERS, SUBSCRIBERS
from ledger.database import write_transaction
from tests.notify.conftest import Facts, due

# What happens to a delivery that was claimed: it arrives and that is recorded, or not recorded for
# the sender dies, or it fails, or the sender dies before it sends.
Fate = st.sampled_from(["delivered", "delivered", "unrecorded", "failed", "unsent"])


@dataclass
class Model:
    """A receiver that remembers everything, and the senders of one subscriber."""

    facts: Facts
    subscriber: str
    arrived: list[int] = field(default_factory=list)
    recorded: set[int] = field(default_factory=set)

    def round(self, count: int, fates: list[str]) -> None:
        """A sender claims, and each claim meets its fate; one that is killed is one for all."""
        claims = Claims(self.facts.engine)
        claims.heartbeat()
        claimed = claims.claim({self.subscriber: count})
        results, is_killed = [], False
        for each, fate in zip(claimed, fates * len(claimed), strict=False):
            number = int(each.notification.removeprefix("ntf_"))
            if fate == "unsent":
                is_killed = True
                break
            # A receiver never gets what was recorded as delivered before.
            assert number not in self.recorded
            if fate != "failed":
                self.arrived.append(number)
            if fate == "unrecorded":
                is_killed = True
                break
            results.append(Result(each, 0, 1, "failed" if fate == "failed" else "delivered"))
        if results:
            with write_transaction(self.facts.engine) as connection:
                recorded = record(connection, claims.owner, results).results
            self.recorded |= {
                int(each.claimed.notification.removeprefix("ntf_"))
                for each in recorded
                if each.outcome == "delivered"
            }
        if is_killed:
            self._time_passes()
            return
        claims.leave()

    def _time_passes(self) -> None:
        """The dead are known to be dead, and retries are due."""
        with write_transaction(self.facts.engine) as connection:
            connection.execute(update(SENDERS).values(heartbeat=0.0))
        Claims(self.facts.engine).heartbeat()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(st.integers(0, 3), min_size=1, max_size=14),
    parts=st.integers(1, 4),
    rounds=st.lists(
        st.tuples(st.integers(1, 6), st.lists(Fate, min_size=1, max_size=6)), max_size=20
    ),
)
def test_all_arrives_in_order_and_never_again_after_it_was_recorded(
    facts: Facts, rows: list[int], parts: int, rounds: list[tuple[int, list[str]]]
) -> None:
    """Any rows, filled in any parts, any batches, failures, and deaths at any point."""
    with write_transaction(facts.engine) as connection:
        for table in (DELIVERIES, ATTEMPTS, SUBSCRIBERS, SENDERS):
            connection.execute(delete(table))
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    model = Model(facts, subscriber.id)
    all_due = [due(number, f"row {row}") for number, row in enumerate(rows)]
    size = -(-len(all_due) // parts)
    for start in range(0, len(all_due), size):
        facts.deliveries.add(subscriber.id, all_due[start : start + size])
        if rounds:
            model.round(*rounds.pop())
    for count, fates in rounds:
        model.round(count, fates)
        facts.subscribers.resume(subscriber.id)  # makes due what waits for a retry
    while len(model.recorded) < len(rows):
        before = len(model.recorded)
        facts.subscribers.resume(subscriber.id)
        facts.deliveries.retry_given_up()
        model.round(len(rows), ["delivered"])
        assert len(model.recorded) > before

    first_arrivals: dict[int, list[int]] = defaultdict(list)
    for number in dict.fromkeys(model.arrived):
        first_arrivals[rows[number]].append(number)
    assert sorted(set(model.arrived)) == list(range(len(rows)))
    assert all(numbers == sorted(numbers) for numbers in first_arrivals.values())
    assert not any(each.state == "pending" for each in facts.deliveries.list(limit=1000))
