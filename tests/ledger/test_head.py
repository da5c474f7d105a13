"""The head is found as quickly while somebody holds a snapshot, and all its versions with it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, create_engine, text

from ledger import Ledger
from ledger.database import read_transaction
from tests.databases import on_postgresql
from tests.ledger.deliveries import body, delivered

pytestmark = pytest.mark.slow

APPENDS = 3000
# Of each, an append or a question: the index's, the head's and the new version's, some of them
# more than once.
BLOCKS_MAX = 20

_BLOCKS = text(
    "SELECT coalesce(sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit), 0)"
    " FROM pg_statio_user_tables WHERE relname = 'ledger_events_head'"
)


def blocks(*engines: Engine) -> int:
    """How many blocks of the head's table and index were looked at, by these engines' sessions."""
    for engine in engines:
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with engines[0].connect() as connection:
        return int(connection.execute(_BLOCKS).scalar_one())


@on_postgresql
def test_a_stranger_with_a_snapshot_slows_no_append(ledger_url: str) -> None:
    """After thousands of appends beside an open transaction, one more looks at as few blocks."""
    stranger = create_engine(ledger_url)
    ledger = Ledger.open(ledger_url, pool_size=1)
    engines = (ledger.append_engine, ledger.engine)
    with read_transaction(stranger) as snapshot:
        assert snapshot.exec_driver_sql("SELECT count(*) FROM ledger_events").scalar() == 0
        for number in range(APPENDS):
            ledger.append([delivered(body(number))])
        before = blocks(*engines)
        for number in range(APPENDS, APPENDS + 50):
            ledger.append([delivered(body(number))])
        appended = blocks(*engines)
        for _ in range(50):
            assert ledger.log.head().position == APPENDS + 50
        read = blocks(*engines)
        assert snapshot.exec_driver_sql("SELECT count(*) FROM ledger_events").scalar() == 0
    ledger.close()
    stranger.dispose()

    assert 0 < appended - before <= 50 * BLOCKS_MAX
    assert 0 < read - appended <= 50 * BLOCKS_MAX
