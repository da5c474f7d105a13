"""How long transactions may take: each limit where it belongs, also behind a pooler."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import make_url, text

from ledger import READS, Ledger, StoreUnavailable
from ledger.database import read_transaction, write_transaction
from ledger.limits import Limits
from tests.databases import on_postgresql
from tests.ledger.deliveries import body, delivered

_SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


def test_what_people_ask_is_given_up_after_a_time(ledger_url: str) -> None:
    """A reading that takes too long ends in an error, and the next one is not held up."""
    ledger = Ledger.open(ledger_url, limits=Limits(statement_ms=300))
    started = time.monotonic()

    with pytest.raises(StoreUnavailable), read_transaction(ledger.engine) as connection:
        connection.execute(text(_SLOW[ledger.engine.dialect.name]))

    assert time.monotonic() - started < 20
    assert ledger.log.head().position == 0
    assert ledger.append([delivered(body(1))])[0].status == "stored"
    ledger.close()


def test_readers_leave_an_append_its_connection(ledger_url: str) -> None:
    """While every connection that reads is taken, an append is made at once."""
    ledger = Ledger.open(ledger_url, pool_size=2)
    with read_transaction(ledger.engine), read_transaction(ledger.engine):
        assert ledger.append([delivered(body(1))])[0].status == "stored"
    ledger.close()


@on_postgresql
def test_each_transaction_has_the_limits_of_its_purpose(ledger_url: str) -> None:
    """Appends, what people ask, and batches differ in how long they may take."""
    ledger = Ledger.open(ledger_url, limits=READS, lock_timeout_ms=1234)

    assert settings(ledger.append_engine) == ("1234ms", "10s", "5s", "on", "auto")
    assert settings(ledger.engine) == ("3s", "15s", "30s", "on", "force_custom_plan")
    ledger.close()


def settings(engine: object) -> tuple[str, ...]:
    """The limits that hold in a transaction of an engine."""
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout",
             "synchronous_commit", "plan_cache_mode")  # fmt: skip
    with read_transaction(engine) as connection:  # type: ignore[arg-type]
        return tuple(str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names)


class Pooler:
    """Passes connections on to a server, but refuses settings at their start, as poolers do; or it
    drops them silently, as many are told to.
    """

    def __init__(self, target: tuple[str, int] | str, *, drops: bool) -> None:
        self._target, self._drops = target, drops
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.refused = self.dropped = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            (length,) = struct.unpack(">I", client.recv(4, socket.MSG_WAITALL))
            start = client.recv(length - 4, socket.MSG_WAITALL)
            if self._drops:
                start = self._without_options(start)
            if b"\0options\0" in start:
                self.refused += 1
                reason = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
                client.sendall(b"E" + struct.pack(">I", len(reason) + 4) + reason)
                return
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(self._target)
                server.sendall(struct.pack(">I", len(start) + 4) + start)
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join()

    def _without_options(self, start: bytes) -> bytes:
        parameters = start[4:].split(b"\0")  # after the protocol's version, names and values
        if b"options" in parameters:
            place = parameters.index(b"options")
            del parameters[place : place + 2]
            self.dropped += 1
        return start[:4] + b"\0".join(parameters)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(params=["refuses", "drops"])
def pooled(ledger_url: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, Pooler]]:
    """The URL of a ledger behind a pooler."""
    url = make_url(ledger_url)
    target = f"{url.query['host']}/.s.PGSQL.{url.port or 5432}"
    pooler = Pooler(target, drops=request.param == "drops")
    without_socket = url.difference_update_query(["host"]).set(host="127.0.0.1", port=pooler.port)
    address = without_socket.update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
    yield address.render_as_string(hide_password=False), pooler
    pooler.close()


@on_postgresql
def test_behind_a_pooler_every_transaction_sets_its_limits(pooled: tuple[str, Pooler]) -> None:
    """Sessions that take no settings at their start: appends and reads have their limits all the
    same, and no statement is prepared that another session would not know."""
    url, pooler = pooled
    ledger = Ledger.open(url, limits=READS, lock_timeout_ms=1234)

    for number in range(8):
        assert ledger.append([delivered(body(number))])[0].position == number + 1
    assert settings(ledger.engine) == ("3s", "15s", "30s", "on", "force_custom_plan")
    with write_transaction(ledger.engine) as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "15s"
        prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
        assert prepared.scalar() == 0
    assert pooler.refused or pooler.dropped
    ledger.close()
