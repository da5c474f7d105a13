"""Everything told so far of each object, and the columns that all rows have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.simulator.facts import Facts, Telling


@dataclass(slots=True)
class Record:
    """One object: the last word on each of its facts, and the events that spoke of it."""

    id: str
    facts: Facts = field(default_factory=dict)
    history: list[tuple[Telling, Facts]] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        """The fact, or None where nobody told it."""
        return self.facts.get(name)

    def ever(self, name: str) -> list[Any]:
        """Every value that was told of a fact and was not null, oldest first, each once."""
        told = (facts.get(name) for _, facts in self.history)
        return list(dict.fromkeys(value for value in told if value is not None))

    def events(self) -> list[Telling]:
        """The events that spoke of it."""
        return [telling for telling, _ in self.history]

    def types(self) -> set[str]:
        """The types of those events."""
        return {telling.type for telling, _ in self.history}


class Records:
    """The records of all objects that some events tell of."""

    def __init__(self, tellings: Sequence[Telling]) -> None:
        self.tellings = tellings
        self._kinds: dict[str, dict[str, Record]] = {}
        for telling in tellings:
            for fact in telling.facts:
                record = self.of(fact.object).setdefault(fact.id, Record(fact.id))
                record.facts.update(fact.fields)
                record.history.append((telling, fact.fields))

    def of(self, stripe_object: str) -> dict[str, Record]:
        """The records of one Stripe object, by id, in the order they were first told of."""
        return self._kinds.setdefault(stripe_object, {})


def common(
    row_object: str, row_id: str, created: int | None, events: Iterable[Telling]
) -> dict[str, Any]:
    """What every row says of itself but its position: who, whose, since when, from how much."""
    own = {telling.event: telling for telling in events}
    seconds = [telling.created for telling in own.values()]
    any_event = next(iter(own.values()))
    return {
        "object": row_object,
        "id": row_id,
        "account": any_event.account,
        "livemode": any_event.livemode,
        "created": min(seconds) if created is None else created,
        "updated": max(seconds),
        "events": len(own),
        "stale": False,
    }


def first(values: Iterable[Any]) -> Any:
    """The first value that is not null, else null."""
    return next((value for value in values if value is not None), None)


def first_second(record: Record, shows: Callable[[Facts], bool]) -> int | None:
    """When an event first showed something, told as a test on its facts."""
    seconds = (telling.created for telling, facts in record.history if shows(facts))
    return next(seconds, None)
