"""Recording what Stripe answered, so that an answer which cannot be kept stops no other."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import Ledger, Snapshot, SnapshotRefused

__all__ = ["record_each"]


def record_each(
    ledger: Ledger, snapshots: Sequence[Snapshot], *, repeat: bool = False
) -> tuple[int, list[str]]:
    """Record objects; how many were new to the log, and why others cannot be kept.

    ``repeat``: record also what the log shows so already.
    """
    try:
        results = ledger.record(snapshots, repeat=repeat)
    except SnapshotRefused as refused:
        if len(snapshots) == 1:
            return 0, [str(refused)]
        parts = [record_each(ledger, [snapshot], repeat=repeat) for snapshot in snapshots]
        return sum(count for count, _ in parts), [why for _, whys in parts for why in whys]
    return sum(result.status == "stored" for result in results), []
