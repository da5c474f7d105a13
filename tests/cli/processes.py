"""A real `ledger serve` for tests: a process to start, send requests to, kill and stop."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
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
from api.serve.address import free_port
from api.simulator import body, story

LEDGER = (sys.executable, "-m", "api.commands")
SECRET = "whsec_for_tests_only"
KEY = "key_for_tests_only"
DEADLINE_SECONDS = 30.0


def environment(**settings: str) -> dict[str, str]:
    """This process's environment, with no other settings of the ledger than these."""
    inherited = {name: value for name, value in os.environ.items() if not is_ours(name)}
    return {**inherited, **settings}


def ledger(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process of its own."""
    return subprocess.run(
        [*LEDGER, *arguments],
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=120,
    )


def eventually(is_true: Callable[[], Any], description: str) -> None:
    """Wait until a condition holds; fails after half a minute."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"waited in vain: {description}"
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
        """Start it and wait until it is ready."""
        settings = {
            "LEDGER_DATABASE_URL": self.database,
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "LEDGER_API_KEY": KEY,
            "LEDGER_DRAIN_SECONDS": "0",
            # Tests of notifications switch it on: a process less to start for all the others.
            "LEDGER_NOTIFIER": "false",
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
        assert self.process.poll() is None, self.output_text()

    def output_text(self) -> str:
        """All that it printed and logged."""
        return (self.cwd / f"serve-{self.port}.log").read_text("utf-8")

    def status(self, path: str) -> int:
        """The HTTP status of a GET; 0 if there is no response."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def status_of(self, path: str) -> int:
        """The HTTP status of a GET with the API key."""
        try:
            self.text(path)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def client(self) -> Client:
        """A client that posts as Stripe does, and reads with an API key."""
        return Client(f"http://127.0.0.1:{self.port}", secret=SECRET, api_key=KEY)

    def post(self, event: dict[str, Any] | None = None) -> str:
        """Post an event, which must be accepted; returns `stored` or `duplicate`."""
        client = self.client()
        try:
            response = client.deliver(body(event or sample_event()))
        finally:
            client.close()
        assert response.status == 200, response
        return str(response.body["status"])

    def text(self, path: str) -> str:
        """The body of the response to a GET."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {KEY}"}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            return str(response.read().decode())

    def get(self, path: str) -> Any:
        """The JSON body of the response to a GET."""
        return json.loads(self.text(path))

    def family(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def process_of(self, mark: str) -> psutil.Process:
        """The one process below the supervisor that has a word in its command line."""
        [process] = [each for each in self.family() if mark in " ".join(each.cmdline())]
        return process

    def end(self) -> int:
        """Send SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)


@contextlib.contextmanager
def serving(database: str, cwd: Path, **settings: str) -> Iterator[Server]:
    """A server that is ready; none of its processes is left after the block."""
    server = Server(database, cwd, settings)
    try:
        server.start()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.output.close()
