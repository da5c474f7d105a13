"""Whether a table belongs to the log beside it: by the log's chain value at the table's checkpoint.

A log that was restored from a backup, or is another file, has another value there, or ends before.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger import GENESIS, Log

__all__ = ["START", "Belonging", "Checkpoint"]

_REMEMBERED_MAX = 100


class Checkpoint(NamedTuple):
    """How far a table has read: the position, the log's chain value there, and how many of the
    events so far had no snapshot.

    ``chain`` is None in tables of a version that did not keep it: they belong to no log for sure.
    """

    position: int
    chain: bytes | None
    without_snapshot: int


START = Checkpoint(0, GENESIS, 0)


class Belonging:
    """Compares checkpoints with a log; None, as in a check's temporary file, is any log."""

    def __init__(self, log: Log | None) -> None:
        self._log = log
        # A log is only appended to: what belonged to it once still does.
        self._known: dict[int, bytes] = {0: GENESIS}

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Whether what was read up to a checkpoint is what the log has there."""
        if self._log is None:
            return True
        position, chain = checkpoint.position, checkpoint.chain
        if chain is None or self._known.get(position) == chain:
            return chain is not None
        if self._log.chain_at(position) != chain:
            return False
        if len(self._known) > _REMEMBERED_MAX:
            self._known = {0: GENESIS}
        self._known[position] = chain
        return True
