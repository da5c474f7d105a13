"""A PostgreSQL for benchmarks: its data on the repository's disk, its settings a server's."""

from __future__ import annotations

import contextlib
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers import SERVER_SETTINGS, PostgresServer, temporary_directory

__all__ = ["Postgres", "postgres"]

# Beside the tests' settings: PostgreSQL's own default of memory, and space for a bulk load.
_SETTINGS = """
shared_buffers = 128MB
max_wal_size = 4GB
"""


class Postgres(PostgresServer):
    """A server whose data stay between runs; its socket is elsewhere, where the path is short."""

    def start(self) -> None:
        """Start it, after stopping the server of a run that was killed."""
        if (self.data / "PG_VERSION").exists():
            with contextlib.suppress(subprocess.SubprocessError):  # its process may be gone
                self.stop()
            socket = self.directory / "socket"
            socket.mkdir()
            if self._wheel.system_user is not None:
                owner = pwd.getpwnam(self._wheel.system_user)
                shutil.chown(socket, owner.pw_uid, owner.pw_gid)
        else:
            self._initialise()
        settings = SERVER_SETTINGS.format(socket=self.directory / "socket") + _SETTINGS
        (self.data / "postgresql.auto.conf").write_text(settings)
        super().start()

    def stop(self) -> None:
        """Shut it down cleanly, as its data may be used again and recovery takes long."""
        if (self.data / "postmaster.pid").exists():
            self._pg_ctl("stop", "-w", "-m", "fast")

    @property
    def pid(self) -> int:
        """The id of its main process."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def databases(self) -> list[str]:
        """Return the names of its databases."""
        with self._connect() as connection:
            query = "SELECT datname FROM pg_database"
            return [str(name) for (name,) in connection.execute(query)]

    def make(self, database: str, template: str = "template0") -> str:
        """Create a database from a template, replacing one of that name; return its URL."""
        self.drop_database(database)
        names = [sql.Identifier(name) for name in (database, template)]
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(database)

    def rename(self, database: str, name: str) -> None:
        """Rename a database."""
        names = [sql.Identifier(identifier) for identifier in (database, name)]
        with self._connect() as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.directory / "socket"), user="postgres", dbname="postgres", autocommit=True
        )


@contextmanager
def postgres(data: Path) -> Iterator[Postgres]:
    """Run a server whose data stay in a directory."""
    data.mkdir(parents=True, exist_ok=True)
    directory = temporary_directory()
    (directory / "data").symlink_to(data.resolve(), target_is_directory=True)
    server = Postgres(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)
