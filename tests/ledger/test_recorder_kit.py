"""The library's own tests of recorders pass for the ledger's, on both databases."""

from __future__ import annotations

import pytest
from eventsourcing.tests import persistence

from ledger import Ledger


# unittest's classes take no parametrised fixture, so their methods are called as they are.
@pytest.mark.parametrize(
    "method", ["test_insert_select", "test_concurrent_no_conflicts", "test_concurrent_throughput"]
)
def test_application_recorder_test_case(store_url: str, method: str) -> None:
    """Every method of ApplicationRecorderTestCase passes."""
    _run(store_url, persistence.ApplicationRecorderTestCase, method)


def test_non_interleaving_notification_ids(store_url: str) -> None:
    """Two writers' batches do not interleave."""
    _run(store_url, persistence.NonInterleavingNotificationIDsBaseCase, "test")


def _run(store_url: str, kit: type, method: str) -> None:
    ledger = Ledger.open(store_url, create=True, lock_timeout_ms=20_000, pool_size=15)
    case = type(kit.__name__, (kit,), {"create_recorder": lambda self: ledger.recorder})
    try:
        getattr(case(method), method)()
    finally:
        ledger.close()
