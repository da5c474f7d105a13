"""Records: the newest facts of each object with its events, and the fields that all rows have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.simulator.facts import EventFacts, Facts


@dataclass(slots=True)
class Record:
    """One object: the newest value of each of its facts, and the events that showed it."""

    id: str
    facts: Facts = field(default_factory=dict)
    history: list[tuple[EventFacts, Facts]] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        """The newest value of a fact, or None where no event has it."""
        return self.facts.get(name)

    def values_of(self, name: str) -> list[Any]:
        """Return every distinct value that a fact ever had, oldest first, without nulls."""
        values = (facts.get(name) for _, facts in self.history)
        return list(dict.fromkeys(value for value in values if value is not None))

    def events(self) -> list[EventFacts]:
        """Return the events that showed it, in order."""
        return [event for event, _ in self.history]

    def event_types(self) -> set[str]:
        """Return the types of those events."""
        return {event.type for event, _ in self.history}


class Records:
    """The records of all objects that some events show."""

    def __init__(self, events: Sequence[EventFacts]) -> None:
        self.events = events
        self._records: dict[str, dict[str, Record]] = {}
        for event in events:
            for facts in event.objects:
                record = self.by_id(facts.object).setdefault(facts.id, Record(facts.id))
                record.facts.update(facts.fields)
                record.history.append((event, facts.fields))

    def by_id(self, stripe_object: str) -> dict[str, Record]:
        """Return the records of one type of Stripe object by id, in order of first appearance."""
        return self._records.setdefault(stripe_object, {})


def common_fields(
    row_object: str, row_id: str, created: int | None, events: Iterable[EventFacts]
) -> dict[str, Any]:
    """Return the fields that every row has, except `position` and `metadata`.

    `created` is the object's own; None takes that of the row's earliest event.
    """
    by_id = {event.event_id: event for event in events}
    seconds = [event.created for event in by_id.values()]
    any_event = next(iter(by_id.values()))
    return {
        "object": row_object,
        "id": row_id,
        "account": any_event.account,
        "livemode": any_event.livemode,
        "created": min(seconds) if created is None else created,
        "updated": max(seconds),
        "events": len(by_id),
        "stale": False,
    }


def first_not_none(values: Iterable[Any]) -> Any:
    """Return the first value that is not None, else None."""
    return next((value for value in values if value is not None), None)


def first_seen(record: Record, is_shown: Callable[[Facts], bool]) -> int | None:
    """Return when an event of a record first satisfied a condition, in Unix seconds."""
    seconds = (event.created for event, facts in record.history if is_shown(facts))
    return next(seconds, None)
