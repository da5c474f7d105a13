"""Settings of the library that are in the environment, for another program, change nothing here."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# All that the library and its bridge read, by themselves and after an application's name.
NAMES = (
    "AGGREGATE_CACHE_FASTFORWARD", "AGGREGATE_CACHE_FASTFORWARD_SKIPPING",
    "AGGREGATE_CACHE_MAXSIZE", "CIPHER_KEY", "CIPHER_TOPIC", "COMPRESSOR_TOPIC", "CREATE_TABLE",
    "DEEPCOPY_FROM_AGGREGATE_CACHE", "FACTORY_TOPIC", "INFRASTRUCTURE_FACTORY",
    "IS_SNAPSHOTTING_ENABLED", "LOCK_TIMEOUT_MS", "MAPPER_TOPIC", "PERSISTENCE_MODULE",
    "POOL_SIZE", "SQLALCHEMY_AUTOFLUSH", "SQLALCHEMY_CONNECTION_CREATOR_TOPIC",
    "SQLALCHEMY_SCHEMA", "SQLALCHEMY_SCOPED_SESSION_TOPIC", "SQLALCHEMY_URL",
    "TRACKING_RECORDER_TOPIC", "TRANSCODER_TOPIC",
)  # fmt: skip
NONSENSE = dict.fromkeys(NAMES, "nonsense:at.all")
# What changes the stored bytes without any error.
WORKING = {
    "COMPRESSOR_TOPIC": "zlib",
    "CIPHER_TOPIC": "eventsourcing.cipher:AESCipher",
    "CIPHER_KEY": b64encode(bytes(16)).decode(),
    "IS_SNAPSHOTTING_ENABLED": "y",
}

PROCESS = """
import sys
from sqlalchemy import text
from ledger import Ledger, verify
from tests.ledger.deliveries import body, delivered

ledger = Ledger.open(sys.argv[1], create=True)
ledger.append([delivered(body(1))])
with ledger.engine.connect() as connection:
    [stored] = connection.execute(text("SELECT state FROM ledger_events")).scalars()
assert bytes(stored) == ledger.log.event("evt_1").body == body(1)
assert verify(ledger).problems == []
"""


@pytest.mark.parametrize("values", [NONSENSE, WORKING], ids=["nonsense", "working"])
def test_the_library_reads_no_setting_from_the_environment(
    store_url: str, values: dict[str, str]
) -> None:
    """With all of them set, an event is stored as it was signed, and read."""
    named = {f"LEDGER_{name}": value for name, value in values.items()}
    environment = {**os.environ, **values, **named, "TZINFO_TOPIC": "nonsense:at.all"}
    completed = subprocess.run(
        [sys.executable, "-c", PROCESS, store_url],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert (completed.returncode, completed.stderr) == (0, "")
