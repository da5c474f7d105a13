"""A web process that kills itself at a named step of its first append."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import make_server

from sqlalchemy import Engine, event

from api.app import create_app
from api.config.settings import Settings
from ledger import Appended, Delivery, Ledger
from tests.cli.processes import SECRET
from tests.driver import between

# Each is reached with the statement that has these words; the last two have no statement.
STATEMENTS = {
    "locked": "FROM ledger_events_head",
    "inserted": "INSERT INTO ledger_events",
    "head moved": "UPDATE ledger_events_head",
}
COMMITTING = "before the commit"
COMMITTED = "after the commit"
STEPS = (*STATEMENTS, COMMITTING, COMMITTED)


def die() -> None:
    """Send SIGKILL to this process."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dying_at(engine: Engine, step: str) -> Iterator[None]:
    """Kill this process at a step inside the transaction."""

    def executed(statement: str) -> None:
        if step in STATEMENTS and STATEMENTS[step] in statement:
            die()

    @event.listens_for(engine, "commit")
    def commit(_: Any) -> None:
        if step == COMMITTING:
            die()

    with between(after=executed):
        yield


class Dying(Ledger):
    """A ledger that is killed before it can answer what it committed."""

    name = Ledger.name  # the library would name the tables after the class

    def append(self, deliveries: Sequence[Delivery]) -> list[Appended]:
        """Append; the answer reaches nobody."""
        results = super().append(deliveries)
        die()
        return results


def serve(url: str, port: int, step: str) -> None:
    """Serve one request at a time, until the step is reached."""
    environment = {"LEDGER_DATABASE_URL": url, "STRIPE_WEBHOOK_SECRET": SECRET}
    ledger = (Dying if step == COMMITTED else Ledger).open(url)
    app = create_app(Settings.read(environment, serving=True), ledger=ledger)
    with make_server("127.0.0.1", port, app) as server, dying_at(ledger.append_engine, step):
        server.serve_forever()
