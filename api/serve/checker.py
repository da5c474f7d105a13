"""The check of all rows against the log, once, in a process of its own that nobody waits for."""

from __future__ import annotations

import os
import sys
import time
from itertools import count

from api.config.databases import stores
from api.config.settings import Settings
from api.serve.run import end_with_parent
from api.telemetry import logs
from ledger import StoreUnavailable
from projections import Difference, NotReady, Projections

__all__ = ["check"]

_NICENESS = 19
# What a log is told of many differences; all are counted.
_NAMED_MAX = 20


def check(projections: Projections) -> int:
    """Compare everything once; how many fields differ."""
    started = time.monotonic()
    named = count()

    def tell(one: Difference) -> None:
        if next(named) < _NAMED_MAX:
            # Where, and not what: values may be anybody's data.
            logs.log.error("row_differs", kind=one.kind, id=one.id, field=one.field)

    found = projections.check_itself(tell)
    logs.log.info("checked", differences=found, seconds=round(time.monotonic() - started, 1))
    return found


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.nice(_NICENESS)
    found = Settings.read()
    logs.configure(found.log_format)
    try:
        with stores(found) as (_, projections):
            check(projections)
    except (StoreUnavailable, NotReady) as error:
        logs.log.warning("check_failed", error=str(error))
