"""`scripts/bench backfill`: how fast what Stripe lists is recorded, and in how much memory."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.serve.address import free_port
from api.stripe.backfill import Backfiller
from api.stripe.backfill_store import BackfillStore
from api.stripe.client import StripeApi
from api.stripe.limiter import Rates
from api.stripe.objects import lists
from api.stripe.tables import create_tables
from ledger import Ledger
from scripts.benchmarks.cache import ROOT, print_progress, scratch_directory
from scripts.benchmarks.children import run
from scripts.benchmarks.logs import open_logs
from scripts.benchmarks.processes import running_server

__all__ = ["BackfillPlan", "measure_backfill"]

_FEW = 10_000
_KEY = "sk_test_of_the_benchmark"
# Nothing but Stripe and the ledger is waited for.
_UNLIMITED = Rates(1_000_000, 1_000_000)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """The options of a run: objects that are listed, and milliseconds that a page takes."""

    objects: int
    delays: tuple[int, ...]
    databases: tuple[str, ...]


def measure_backfill(plan: BackfillPlan) -> tuple[list[Row], list[str]]:
    """Measure; return the table's rows, and the notes below it."""
    rows = []
    with scratch_directory() as directory:
        for name in plan.databases:
            scratch = directory / name
            scratch.mkdir()
            with open_logs(name, scratch) as logs:
                for delay in plan.delays:
                    print_progress(f"{name}: {plan.objects:,} objects, {delay} ms a page")
                    few = _measured(logs.create_empty(), _FEW, delay, scratch)
                    many = _measured(logs.create_empty(), plan.objects, delay, scratch)
                    rows.append(
                        {
                            "database": name,
                            "ms/page": delay,
                            "objects": plan.objects,
                            "objects/s": plan.objects / many[0],
                            "peak MB": many[1] / 1e6,
                            f"peak MB of {_FEW:,}": few[1] / 1e6,
                        }
                    )
    return rows, ["100 objects a page, one request at a time, without a limit to the rate"]


def _measured(url: str, objects: int, delay: int, directory: Path) -> tuple[float, int]:
    """The seconds and the peak memory of one backfill."""
    port = free_port()
    command = [sys.executable, "-m", "scripts.benchmarks.stripe_lists", str(port), str(objects)]
    environ = {"PYTHONPATH": str(ROOT)}
    log = directory / "stripe.log"
    with running_server([*command, str(delay)], port, directory, log, environ):
        measured = run(backfill, url, f"http://127.0.0.1:{port}")
    assert measured.value == objects, measured.value
    return measured.seconds, measured.peak_bytes


def backfill(url: str, base: str) -> int:
    """Record what is listed; how much it was."""
    ledger = Ledger.open(url, create=True)
    try:
        create_tables(ledger.engine)
        store = BackfillStore(ledger.engine, livemode=False)
        api = StripeApi(_KEY, base, _UNLIMITED)
        charges = [listed for listed in lists() if listed.declared.name == "charge"]
        results = Backfiller(api, ledger, store).run([None], charges)
        return sum(result.recorded for result in results)
    finally:
        ledger.close()
