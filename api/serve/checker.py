"""One check of rows against the log, in a process of its own at the lowest priority."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from itertools import count

from api.config.databases import stores
from api.config.settings import Settings
from api.serve.parent import end_with_parent
from api.telemetry import logs
from ledger import StoreUnavailable
from projections import Difference, NotReady, Projections

__all__ = ["check"]

_NICENESS = 19
# Differences are all counted, but no more than these are logged.
_LOGGED_MAX = 20


def check(projections: Projections, kinds: Sequence[str] = ()) -> int:
    """Compare all rows, or those of some kinds, with the log; returns how many fields differ."""
    started = time.monotonic()
    numbers = count()

    def report(difference: Difference) -> None:
        if next(numbers) < _LOGGED_MAX:
            # The place of the difference and not the values, which may be personal data.
            logs.log.error(
                "row_differs", kind=difference.kind, id=difference.id, field=difference.field
            )

    differences = projections.check_all(report, kinds)
    seconds = round(time.monotonic() - started, 1)
    logs.log.info("checked", differences=differences, seconds=seconds)
    return differences


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.nice(_NICENESS)
    settings = Settings.read()
    logs.configure(settings.log_format)
    try:
        with stores(settings) as (_, projections):
            check(projections, sys.argv[2:])
    except (StoreUnavailable, NotReady) as error:
        logs.log.warning("check_failed", error=str(error))
