"""A real `ledger serve` for tests: started, asked, killed and ended as one does in earnest."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from api.config.settings import is_ours
from api.demo.client import Client
from api.simulator import body, story

LEDGER = (sys.executable, "-m", "api.commands")
SECRET = "whsec_for_tests_only"
KEY = "key_for_tests_only"
DEADLINE_SECONDS = 30.0


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any setting of the ledger's but these."""
    others = {name: value for name, value in os.environ.items() if not is_ours(name)}
    return {**others, **settings}


def ledger(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [*LEDGER, *arguments],
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=120,
    )


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    return port


def eventually(true: Callable[[], Any], what: str) -> None:
    """Waits until something holds; fails after half a minute."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


def sample_event() -> dict[str, Any]:
    """The first event of a new order."""
    return story("order_in_one_second", seed=secrets.randbelow(1 << 48)).events[0]


@dataclass
class Server:
    """A `ledger serve` in a process group of its own."""

    database: str
    cwd: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        settings = {
            "LEDGER_DATABASE_URL": self.database,
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "LEDGER_API_KEY": KEY,
            "LEDGER_DRAIN_SECONDS": "0",
            **self.settings,
        }
        self.output = (self.cwd / f"serve-{self.port}.log").open("ab")
        self.process = subprocess.Popen(
            [*LEDGER, "serve", "--port", str(self.port)],
            cwd=self.cwd,
            env=environment(**settings),
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,
        )
        eventually(lambda: self.status("/readyz") == 200 or self.process.poll() is not None, "up")
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        """All that it wrote."""
        return (self.cwd / f"serve-{self.port}.log").read_text("utf-8")

    def status(self, path: str) -> int:
        """The HTTP status of a GET; 0 where nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def client(self) -> Client:
        """Somebody who posts like Stripe and reads with a key."""
        return Client(f"http://127.0.0.1:{self.port}", secret=SECRET, api_key=KEY)

    def post(self, event: dict[str, Any] | None = None) -> str:
        """Posts an event; returns what became of it."""
        client = self.client()
        try:
            answer = client.deliver(body(event or sample_event()))
        finally:
            client.close()
        assert answer.status == 200, answer
        return str(answer.body["status"])

    def text(self, path: str) -> str:
        """The body of an answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {KEY}"}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            return str(response.read().decode())

    def get(self, path: str) -> Any:
        """The JSON of an answer."""
        return json.loads(self.text(path))

    def family(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def one(self, mark: str) -> psutil.Process:
        """The process that was started with a word in its arguments."""
        [found] = [each for each in self.family() if mark in " ".join(each.cmdline())]
        return found

    def end(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)


@contextlib.contextmanager
def serving(database: str, cwd: Path, **settings: str) -> Iterator[Server]:
    """A server that is ready; nothing of it is left after the block."""
    server = Server(database, cwd, settings)
    try:
        server.start()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.output.close()
