"""A real `ledger listen` for tests: a process whose lines can be waited for."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.processes import LEDGER, environment, eventually

__all__ = ["Listening", "listening"]


@dataclass
class Listening:
    """A receiver that runs, and what it has printed."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def text(self) -> str:
        """All that it printed so far."""
        return self.output.read_text("utf-8")

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(re.findall(r"Listening on (\S+)", self.text)[0])

    def wait_for(self, text: str) -> str:
        """The first line that has a text, as soon as it is printed."""
        eventually(lambda: text in self.text, f"{text} in {self.output}")
        return next(line for line in self.text.splitlines() if text in line)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send it a signal; returns how it ended."""
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


@contextmanager
def listening(cwd: Path, *options: str, **settings: str) -> Iterator[Listening]:
    """`ledger listen` on a free port of this machine."""
    output = cwd / "listen.log"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*LEDGER, "listen", "--port", "0", *options],
            cwd=cwd,
            env=environment(**settings),
            stdout=file,
            stderr=file,
        )
    listening = Listening(process, output)
    try:
        eventually(lambda: "Listening" in listening.text or process.poll() is not None, "listens")
        assert process.poll() is None, listening.text
        yield listening
    finally:
        process.kill()
        process.wait()
