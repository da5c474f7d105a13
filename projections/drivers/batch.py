"""Projecting a batch: load what it touches, merge, write; and the earlier events it needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, Engine

from ledger import Log
from ledger.database import write_transaction
from projections.drivers.refold import refold_lost
from projections.errors import DataRefused
from projections.objects.declaration import StripeObject
from projections.objects.decode import reader
from projections.objects.observation import Key, Observation
from projections.rows.batch import Batch, Group, KindBatch
from projections.rows.change import ComponentChange
from projections.rows.kind import Kind
from projections.rows.merge import Earlier, Needs, Touched, merge
from projections.tables.component import EncodedComponent
from projections.tables.narrow import write_narrowed
from projections.tables.store import ComponentStore

__all__ = ["EarlierEvents", "objects_of", "project_batch", "write_batch"]


def objects_of(kinds: Sequence[Kind]) -> dict[str, StripeObject]:
    """All Stripe objects that some kinds read, by name."""
    return {name: declared for kind in kinds for name, declared in kind.objects.items()}


def project_batch(
    store: ComponentStore,
    batch: KindBatch,
    earlier: EarlierEvents,
    prepared: Mapping[Group, ComponentChange] | None = None,
    encoded: Mapping[ComponentChange, EncodedComponent] | None = None,
    *,
    narrowed: bool,
    has_lost: bool,
) -> None:
    """Merge a batch into one kind's tables; the mappings hold what was computed ahead.

    Raises ``DataRefused``, unless the write is ``narrowed``: then it leaves out what is refused.
    ``has_lost``: some rows' stored states do not know all events.
    """
    touched = Touched(batch, store.load(batch))
    change = merge(touched, earlier.load(touched.needs()), prepared)
    if narrowed:
        write_narrowed(store, change, encoded)
    else:
        store.write(change, encoded)
    if has_lost:
        refold_lost(store, earlier.log, change)


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
    """Reads the earlier events that a batch's kinds need, each of them once."""

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
