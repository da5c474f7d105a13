"""One check of all rows against the log, in a process of its own at the lowest priority."""

from __future__ import annotations

import os
import sys
import time
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


def check(projections: Projections) -> int:
    """Compare all rows with the log, once; returns how many fields differ."""
    started = time.monotonic()
    numbers = count()

    def report(difference: Difference) -> None:
        if next(numbers) < _LOGGED_MAX:
            # The place of the difference and not the values, which may be personal data.
            logs.log.error(
                "row_differs", kind=difference.kind, id=difference.id, field=difference.field
            )

    differences = projections.check_all(report)
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
            check(projections)
    except (StoreUnavailable, NotReady) as error:
        logs.log.warning("check_failed", error=str(error))
