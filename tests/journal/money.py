"""What is told of money, and what the journal makes of it: the terms of the journal's laws."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.simulator import Story
from api.simulator.shapes.money import balance_transaction
from api.simulator.versions import API_VERSIONS, ApiVersion
from ledger import Snapshot
from projections.journal.entry import Book, Entry, Line, Posting, PostingKey
from projections.journal.objects import OBJECTS
from projections.journal.postings import postings
from projections.journal.walk import walk
from projections.objects.decode import reader
from projections.objects.observation import Key, Observation
from projections.objects.state import fold
from projections.rows.disjoint import DisjointSets
from tests.projections.histories import Json, recorded

Told = Json | Snapshot
Balances = dict[tuple[Book, str, str], int]

_DAY = 86_400


def record(object: Json, observed_at: int, account: str | None = None, **more: Any) -> Snapshot:
    """What Stripe answered when it was asked for an object."""
    body = json.dumps(object).encode()
    livemode = bool(object.get("livemode"))
    return Snapshot(body, observed_at, API_VERSIONS[-1], account, livemode, **more)


def transactions(story: Story, *, asked_after: int = _DAY) -> list[Snapshot]:
    """The records of everything that moved the balances in a story."""
    records = []
    for movement in story.movements:
        transaction = movement.transaction
        at = transaction.created + asked_after
        shown = balance_transaction(transaction, ApiVersion(API_VERSIONS[-1]), at)
        body = json.dumps(shown).encode()
        records.append(Snapshot(body, at, API_VERSIONS[-1], movement.account, movement.livemode))
    return records


def read(log: Iterable[Told]) -> dict[Key, list[Observation]]:
    """What a log says of each object that moves money; each event once."""
    histories = defaultdict(list)
    read_event, known = reader(OBJECTS), set[str]()
    for position, each in enumerate(log, start=1):
        event = recorded(position, each)
        if event.event_id not in known:
            known.add(event.event_id)
            for observation in read_event(event):
                histories[observation.key].append(observation)
    return dict(histories)


def journal(log: Iterable[Told]) -> list[Posting]:
    """What a log posts, component by component."""
    return [each for part in components(read(log)) for each in postings(part)]


def components(
    histories: Mapping[Key, Sequence[Observation]],
) -> Iterator[dict[Key, Sequence[Observation]]]:
    """The objects that the links of their observations join."""
    sets = DisjointSets[Key]()
    for key, observations in histories.items():
        sets.find(key)
        for observation in observations:
            for to, ids in observation.links.items():
                if to in OBJECTS:
                    sets.join([key, *(Key(key.scope, to, id) for id in ids)])
    parts = defaultdict[Key, dict[Key, Sequence[Observation]]](dict)
    for key, observations in histories.items():
        parts[sets.find(key)][key] = observations
    yield from parts.values()


def walked(log: Sequence[Told], batches: Iterable[int]) -> list[Entry]:
    """The entries of a log that is followed in batches which end at some positions."""
    held: dict[PostingKey, Entry] = {}
    ended: list[Entry] = []
    after, histories = 0, read(log)
    for end in [*batches, len(log)]:
        known = _up_to(end, histories)
        for part in components(known):
            if not any(each[-1].position > after for each in part.values()):
                continue
            for change in walk(part, after):
                for key in change.ended:
                    entry = held.pop(key)
                    ended.append(replace(entry, known_until=change.position))
                for posting in change.began:
                    assert posting.key not in held
                    held[posting.key] = Entry.of(posting, change.position)
        after = end
    return sorted([*ended, *held.values()], key=lambda each: (each.known_from, each.id))


def _up_to(
    position: int, histories: Mapping[Key, Sequence[Observation]]
) -> dict[Key, list[Observation]]:
    """What was observed up to a position."""
    known = {
        key: [each for each in observations if each.position <= position]
        for key, observations in histories.items()
    }
    return {key: observations for key, observations in known.items() if observations}


def balances(posted: Iterable[Posting]) -> Balances:
    """The balance of each account that is not zero, by book and currency."""
    total = Counter[tuple[Book, str, str]]()
    for each in posted:
        for line in each.lines:
            total[each.book, line.ledger_account, line.currency] += line.amount
    return {place: amount for place, amount in total.items() if amount}


def unbalanced(lines: Iterable[Line]) -> dict[str, int]:
    """By how much lines do not balance, by currency."""
    total = Counter[str]()
    for line in lines:
        total[line.currency] += line.amount
    return {currency: amount for currency, amount in total.items() if amount}


def cleared(posted: Iterable[Posting]) -> dict[tuple[str, str, str], int]:
    """What is not cleared: by clearing account, object and currency."""
    total = Counter[tuple[str, str, str]]()
    for each in posted:
        for line in each.lines:
            if line.ledger_account.startswith("Clearing:"):
                total[line.ledger_account, line.object_id, line.currency] += line.amount
    return {place: amount for place, amount in total.items() if amount}


def once(log: Iterable[Told]) -> list[Told]:
    """A log as it is stored: the first of each id."""
    first: dict[str, Told] = {}
    for each in log:
        first.setdefault(each.id if isinstance(each, Snapshot) else each["id"], each)
    return list(first.values())


def nets(log: Iterable[Told]) -> dict[tuple[Book, str], int]:
    """What the distinct transactions of a log did to each balance, by book and currency."""
    total = Counter[tuple[Book, str]]()
    for key, observations in read(log).items():
        if key.object != "balance_transaction":
            continue
        state = fold(observations, OBJECTS[key.object])
        values, book = state.values, Book(key.scope.account, bool(key.scope.livemode))
        net = values.get("net")
        net = (values.get("amount") or 0) - (values.get("fee") or 0) if net is None else net
        total[book, values.get("currency") or "xxx"] += net
    return {place: amount for place, amount in total.items() if amount}
