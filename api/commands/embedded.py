"""A temporary ledger: `ledger serve` on a free port, with its own secrets and database file."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.config.settings import is_ours
from api.serve.address import answers, free_port
from api.serve.parent import module_command
from ledger import LedgerError

__all__ = ["Embedded", "NotStarted", "embedded"]

_HOST = "127.0.0.1"
_START_SECONDS_MAX = 30
_STOP_SECONDS_MAX = 30


class NotStarted(LedgerError):
    """The embedded ledger did not start; the text ends with its last output."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Where it listens, and the secrets that a client needs."""

    url: str
    secret: str
    api_key: str


@contextmanager
def embedded(database: Path | None = None) -> Iterator[Embedded]:
    """Run `ledger serve` for the time of the block; without a file its data are deleted then.

    It ignores the configuration of this process: made-up events must not reach a real ledger.
    """
    with tempfile.TemporaryDirectory(prefix="ledger-demo-") as directory:
        file = Path(directory, "ledger.db") if database is None else database.absolute()
        port = free_port(_HOST)
        ledger = Embedded(
            url=f"http://{_HOST}:{port}",
            secret=f"whsec_{secrets.token_hex(24)}",
            api_key=f"lk_{secrets.token_hex(24)}",
        )
        log = Path(directory, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                module_command("api.commands", "serve"),
                env=_environment(ledger, file, port),
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


def _environment(ledger: Embedded, file: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not is_ours(name)}
    return {
        **inherited,
        "LEDGER_DATABASE_URL": f"sqlite:///{file}",
        "STRIPE_WEBHOOK_SECRET": ledger.secret,
        "LEDGER_API_KEY": ledger.api_key,
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
