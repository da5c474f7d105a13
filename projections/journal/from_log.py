"""A book's journal worked out from the log alone: the entries that hold at a position.

The log is read twice: to see which objects belong together, and then component by component, so
that few events are in memory at once. The entries are.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from ledger import Log
from projections.journal.entry import Book, Entry, PostingKey
from projections.journal.objects import OBJECTS
from projections.journal.walk import walk
from projections.objects.decode import reader
from projections.objects.observation import Key, Observation, Scope
from projections.rows.disjoint import DisjointSets

__all__ = ["entries_from_log"]

# How many events of components are read at once; a component is never cut.
_CHUNK = 2_000

Progress = Callable[[str, int, int | None], None]


def entries_from_log(
    log: Log, book: Book, *, at_position: int, progress: Progress | None = None
) -> list[Entry]:
    """The entries of a book that hold at a position, oldest first: by date, then as known.

    ``known_until`` is None in all of them: what ends later was not known yet.
    """
    components = _Components(book)
    components.scan(log, at_position, progress)
    placed: list[tuple[int, Entry]] = []
    done = 0
    for positions in components.chunks():
        for histories in components.read(log, positions):
            placed += _held(histories)
        done += len(positions)
        if progress is not None:
            progress("journal", done, None)
    placed.sort(key=lambda each: (each[1].posting.date, each[1].known_from, each[0]))
    return [entry for _, entry in placed]


def _held(histories: Mapping[Key, list[Observation]]) -> Iterable[tuple[int, Entry]]:
    """The entries that hold, each with its place among those that began with it."""
    held: dict[PostingKey, tuple[int, Entry]] = {}
    for change in walk(histories, 0):
        for key in change.ended:
            del held[key]
        for place, posting in enumerate(change.began):
            held[posting.key] = place, Entry.of(posting, change.position)
    return held.values()


class _Components:
    """Which objects of a book belong together, and at which positions something is said of them."""

    def __init__(self, book: Book) -> None:
        self._scope = Scope(book.account, book.livemode)
        self._read = reader(OBJECTS)
        self._sets = DisjointSets[Key]()
        self._positions: dict[Key, array[int]] = defaultdict(lambda: array("q"))

    def scan(self, log: Log, upto: int, progress: Progress | None) -> None:
        """Read the log up to a position."""
        after = 0
        while after < upto:
            end = log.end_of_batch(after, upto)
            for event in log.scan(after, end):
                for observation in self._read(event):
                    if observation.key.scope == self._scope:
                        self._note(observation)
            after = end
            if progress is not None:
                progress("log", after, upto)

    def _note(self, observation: Observation) -> None:
        key = observation.key
        self._positions[key].append(observation.position)
        linked = (
            Key(key.scope, to, id)
            for to, ids in observation.links.items()
            if to in OBJECTS
            for id in ids
        )
        self._sets.join([key, *linked])

    def chunks(self) -> Iterator[set[int]]:
        """The positions of some whole components at a time."""
        components: dict[Key, set[int]] = defaultdict(set)
        for key, positions in self._positions.items():
            components[self._sets.find(key)].update(positions)
        chunk: set[int] = set()
        for its in components.values():
            chunk |= its
            if len(chunk) >= _CHUNK:
                yield chunk
                chunk = set()
        if chunk:
            yield chunk

    def read(self, log: Log, positions: set[int]) -> Iterable[Mapping[Key, list[Observation]]]:
        """The observations of the components that some positions are all of."""
        components: dict[Key, dict[Key, list[Observation]]] = defaultdict(dict)
        for event in log.at_positions(positions):
            for observation in self._read(event):
                key = observation.key
                if key.scope == self._scope:
                    histories = components[self._sets.find(key)]
                    histories.setdefault(key, []).append(observation)
        return components.values()
