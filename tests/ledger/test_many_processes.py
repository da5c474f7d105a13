"""Many processes start on an empty database at once: one set of tables, one log, no error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import inspect

from ledger import Ledger, verify
from projections import KINDS, Projections

ROOT = Path(__file__).parents[2]
PROCESSES, EVENTS = 4, 20

# A starting process creates what is missing, appends events, and follows.
PROCESS = """
import sys
from ledger import Ledger
from projections import Projections
from tests.ledger.deliveries import body, delivered

url, events = sys.argv[1], int(sys.argv[2])
sys.stdin.readline()
ledger = Ledger.open(url, create=True, lock_timeout_ms=20_000)
projections = Projections.open(ledger)
projections.create()
for number in range(events):
    ledger.append([delivered(body(number))])
    projections.follow()
"""


def test_four_processes_on_an_empty_database(store_url: str) -> None:
    """Each starts, appends the same events and follows: none fails, each event is stored once."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, store_url, str(EVENTS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")

    ledger = Ledger.open(store_url)
    projections = Projections.open(ledger)
    while projections.follow():
        pass
    assert [event.event_id for event in ledger.log.after(0, 100)] == [
        f"evt_{number}" for number in range(EVENTS)
    ]
    assert verify(ledger).problems == []
    assert projections.check() == []
    catalog = projections.catalog
    tables = [table.name for table in catalog.control.metadata.tables.values()]
    for kind in KINDS.values():
        tables += [
            each.name for each in catalog.tables(kind, f"{kind.name}_{kind.fingerprint}").all()
        ]
    for family in projections.families:
        store = catalog.store(family, f"{family.name}_{family.fingerprint}")
        tables += [each.name for each in store.all()]
    # Each was made once, and nothing else.
    assert sorted(inspect(catalog.engine).get_table_names(schema=catalog.schema)) == sorted(tables)
    projections.close()
    ledger.close()
