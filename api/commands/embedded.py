"""A temporary ledger: `ledger serve` on a free port, with its own secrets and database file."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.config.settings import is_ours
from api.console.entry import entry_url
from api.serve.address import answers, free_port
from api.serve.parent import module_command
from ledger import LedgerError

__all__ = ["CommandFailed", "Embedded", "NotStarted", "embedded"]

_HOST = "127.0.0.1"
# One that ends is noticed at once; a busy machine may take long to start one.
_START_SECONDS_MAX = 120
_STOP_SECONDS_MAX = 30


class NotStarted(LedgerError):
    """The embedded ledger did not start; the text ends with its last output."""


class CommandFailed(LedgerError):
    """A command of the embedded ledger failed; the text ends with what it said."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Where it listens, the secrets that a client needs, and the environment of its commands."""

    url: str
    secret: str
    api_key: str
    session_secret: str
    environ: Mapping[str, str]
    directory: Path

    def command(self, *arguments: str) -> str:
        """Run a command of the ledger; returns what it printed, or raises ``CommandFailed``."""
        completed = subprocess.run(
            module_command("api.commands", *arguments),
            env=self.environ,
            cwd=self.directory,
            capture_output=True,
            text=True,
        )
        if completed.returncode:
            name = " ".join(arguments)
            raise CommandFailed(f"`ledger {name}` failed: {completed.stderr.strip()[-2000:]}")
        return completed.stdout

    @property
    def console_url(self) -> str:
        """A link that signs in to its console, once."""
        return entry_url(self.url, self.api_key, self.session_secret)


@contextmanager
def embedded(database: Path | None = None, **settings: str) -> Iterator[Embedded]:
    """Run `ledger serve` for the time of the block; without a file its data are deleted then.

    It ignores the configuration of this process: made-up events must not reach a real ledger.
    ``settings`` are more variables for it.
    """
    with tempfile.TemporaryDirectory(prefix="ledger-demo-") as directory:
        file = Path(directory, "ledger.db") if database is None else database.absolute()
        port = free_port(_HOST)
        secret, api_key = f"whsec_{secrets.token_hex(24)}", f"lk_{secrets.token_hex(24)}"
        session_secret = secrets.token_hex(32)
        environ = _environment(secret, api_key, file, port) | settings
        environ["LEDGER_SESSION_SECRET"] = session_secret
        ledger = Embedded(
            f"http://{_HOST}:{port}", secret, api_key, session_secret, environ, Path(directory)
        )
        log = Path(directory, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                module_command("api.commands", "serve"),
                env=ledger.environ,
                cwd=directory,
                stdout=output,
                stderr=output,
            )
        try:
            _wait(process, port, log)
            yield ledger
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(secret: str, api_key: str, file: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not is_ours(name)}
    return {
        **inherited,
        "LEDGER_DATABASE_URL": f"sqlite:///{file}",
        "STRIPE_WEBHOOK_SECRET": secret,
        "LEDGER_API_KEY": api_key,
        "LEDGER_HOST": _HOST,
        "LEDGER_PORT": str(port),
        "LEDGER_DRAIN_SECONDS": "0",
        "LEDGER_LOG_FORMAT": "json",
    }


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while not answers(_HOST, port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(f"the ledger did not start:\n{log.read_text('utf-8')[-2000:]}")
        time.sleep(0.05)
