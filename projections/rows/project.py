"""The rows that a set of events gives: what every driver has to agree with."""

from __future__ import annotations

from collections.abc import Iterable

from ledger import RecordedEvent
from projections.rows.batch import LinkedBatch, Read, read_batch
from projections.rows.kind import Kind
from projections.rows.make import ProjectedRow
from projections.rows.merge import Earlier, Stored, Touched, merge

__all__ = ["project"]


def project(
    kind: Kind, events: Iterable[RecordedEvent], read: Read | None = None
) -> list[ProjectedRow]:
    """The rows of a kind that a set of events gives, whatever their order; ``read`` as in
    ``read_batch``."""
    batch = LinkedBatch(kind, read_batch(list(events), kind.objects, read))
    return merge(Touched(batch, Stored()), Earlier()).rows(kind)
