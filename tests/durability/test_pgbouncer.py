"""A real PgBouncer in transaction mode, where it is installed: few sessions, shared by all."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from api.serve.address import free_port
from ledger import Ledger
from ledger.database import read_transaction
from tests.cli.processes import SECRET, eventually, ledger, serving
from tests.databases import on_postgresql
from tests.durability.processes import kill_group
from tests.durability.proof import prove
from tests.durability.traffic import Traffic

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PGBOUNCER is None, reason="no pgbouncer here"),
]

# Fewer than there are processes: no session is anybody's own.
SESSIONS = 4

CONFIGURATION = """
[databases]
* = host={host} port={port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 500
ignore_startup_parameters = {ignored}
"""


@contextmanager
def pooled(url: str, directory: Path, ignored: str) -> Iterator[str]:
    """The URL of a database behind a pooler."""
    assert PGBOUNCER is not None
    direct, listen = make_url(url), free_port()
    file = directory / "pgbouncer.ini"
    file.write_text(
        CONFIGURATION.format(
            host=direct.query["host"],
            port=direct.port or 5432,
            listen=listen,
            sessions=SESSIONS,
            ignored=ignored,
        )
    )
    # It refuses to run as root.
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    with subprocess.Popen([PGBOUNCER, "-q", *user, str(file)]) as process:
        try:
            eventually(lambda: accepts(listen) or process.poll() is not None, "it listens")
            assert process.poll() is None
            address = direct.difference_update_query(["host"]).set(host="127.0.0.1", port=listen)
            yield address.render_as_string(hide_password=False)
        finally:
            process.terminate()


def accepts(port: int) -> bool:
    """Whether something listens."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


# As it is installed, it refuses such parameters; many who run it let it drop them silently.
REFUSES, DROPS = "extra_float_digits", "options"


@on_postgresql
def test_a_ledger_behind_a_pooler(ledger_url: str, tmp_path: Path) -> None:
    """Webhooks, the follower, a rebuild by several processes, a kill and a start again."""
    with (
        pooled(ledger_url, tmp_path, DROPS) as url,
        serving(url, tmp_path, LEDGER_WORKERS="2", TMPDIR=str(tmp_path)) as server,
    ):
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more(200)
            settings = {"LEDGER_DATABASE_URL": url, "STRIPE_WEBHOOK_SECRET": SECRET}
            rebuilt = ledger("rebuild", "--processes", "2", cwd=tmp_path, **settings)
            assert rebuilt.returncode == 0, rebuilt.stderr
            kill_group(server)
            server.start()
            traffic.wait_for_more(100)
        traffic.complete()
        prove(ledger_url, traffic)
        verified = ledger("verify", cwd=tmp_path, **settings)
        assert verified.returncode == 0, verified.stderr
        assert len(server.get("/v1/orders?limit=5")["data"]) == 5
        assert server.end() == 0
        noted = server.output_text()
    assert "prepared statement" not in noted
    assert "follower_waits" not in noted


@on_postgresql
@pytest.mark.parametrize("ignored", [REFUSES, DROPS])
def test_its_transactions_have_their_limits(ledger_url: str, tmp_path: Path, ignored: str) -> None:
    """Each sets them for itself, whether the pooler refuses or drops what a session begins with."""
    with pooled(ledger_url, tmp_path, ignored) as url:
        opened = Ledger.open(url, lock_timeout_ms=1234)
        for _ in range(3):
            with read_transaction(opened.append_engine) as connection:
                assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "1234ms"
        opened.close()
