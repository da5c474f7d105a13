"""A batch: load what it touches, merge, write, draw rows; and the earlier events it needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, Engine

from ledger import Log
from ledger.database import write_transaction
from projections.drivers.refold import refold_lost
from projections.errors import DataRefused
from projections.objects.declaration import StripeObject
from projections.objects.decode import reader
from projections.objects.observation import Key, Observation
from projections.rows.batch import Batch, Group, LinkedBatch, Reading
from projections.rows.change import ComponentChange
from projections.rows.merge import Earlier, Needs, Touched, merge
from projections.tables.narrow import write_rows_narrowed, write_states_narrowed
from projections.tables.row_store import RowStore
from projections.tables.store import ComponentStore, Contents

__all__ = ["EarlierEvents", "draw_rows", "merge_batch", "objects_of", "write_batch"]


def objects_of(readings: Iterable[Reading]) -> dict[str, StripeObject]:
    """All Stripe objects that are read, by name."""
    return {name: declared for each in readings for name, declared in each.objects.items()}


def merge_batch(
    store: ComponentStore,
    rows: Sequence[RowStore],
    batch: LinkedBatch,
    earlier: EarlierEvents,
    prepared: Mapping[Group, ComponentChange] | None = None,
    contents: Contents | None = None,
    *,
    narrowed: bool,
) -> list[ComponentChange]:
    """Merge a batch into a family's store; returns what changed there, for its ``rows``.

    The mappings hold what was computed ahead. Raises ``DataRefused``, unless the write is
    ``narrowed``: then it leaves out what is refused.
    """
    if not batch.groups:
        # Most batches are about few families.
        return []
    touched = Touched(batch, store.load(batch))
    change = merge(touched, earlier.load(touched.needs()), prepared)
    if narrowed:
        return write_states_narrowed(store, rows, change.components, contents or {})
    store.write(change.components, contents or {})
    return change.components


def draw_rows(
    store: ComponentStore,
    rows: Sequence[RowStore],
    log: Log,
    changes: Sequence[ComponentChange],
    *,
    upto: int,
    narrowed: bool,
) -> None:
    """Draw the rows of what changed in a store, which has read up to a position; raises as above.

    What is stored of a row may lack events that were lost: it is folded anew.
    """
    if not changes:
        return
    for each in rows:
        drawn = each.draw(changes)
        if narrowed:
            write_rows_narrowed(each, drawn)
        else:
            each.write(drawn)
    if any(each.has_letters for each in rows):
        refold_lost(store, rows, log, changes, upto=upto)


def write_batch(engine: Engine, write: Callable[[Connection, bool], None]) -> None:
    """Write in a transaction; where the database refuses data, all of it again, ``narrowed``.

    So that savepoints cost nothing where nothing is refused.
    """
    try:
        with write_transaction(engine) as connection:
            write(connection, False)
    except DataRefused:
        with write_transaction(engine) as connection:
            write(connection, True)


class EarlierEvents:
    """Reads the earlier events that a batch needs, each of them once."""

    def __init__(self, log: Log, batch: Batch) -> None:
        self.log = log
        self._last = batch.last
        self._read = reader(batch.objects)
        self._at: dict[int, list[Observation]] = {}
        self._streams: dict[Key, list[Observation]] = {}

    def load(self, needs: Needs) -> Earlier:
        """The observations for some needs, up to the batch's last event."""
        self._load_positions(set(needs.anchors.values()))
        self._load_streams({key for keys in needs.histories.values() for key in keys})
        return Earlier(
            {
                key: next(each for each in self._at[position] if each.key == key)
                for key, position in needs.anchors.items()
            },
            {
                key: [each for stream in streams for each in self._streams[stream]
                      if each.key == key]
                for key, streams in needs.histories.items()
            },
        )  # fmt: skip

    def observations(self, keys: Collection[Key]) -> Mapping[Key, list[Observation]]:
        """All that the streams of some objects say, up to the batch's last event, by object."""
        self._load_streams(set(keys))
        observed: dict[Key, list[Observation]] = defaultdict(list)
        for key in keys:
            for each in self._streams[key]:
                observed[each.key].append(each)
        return observed

    def _load_positions(self, positions: set[int]) -> None:
        missing = positions - self._at.keys()
        for event in self.log.at_positions(missing) if missing else ():
            self._at[event.position] = self._read(event)

    def _load_streams(self, keys: set[Key]) -> None:
        missing = keys - self._streams.keys()
        if not missing:
            return
        loaded: dict[Key, list[Observation]] = defaultdict(list)
        for event in self.log.streams({key.uuid for key in missing}, upto=self._last):
            observed = self._read(event)
            if observed:
                # An event's own object comes first: its stream is the event's.
                loaded[observed[0].key] += observed
        self._streams |= {key: loaded.get(key, []) for key in missing}
