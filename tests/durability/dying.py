"""A web process that kills itself at a named step of its first append.

`python -m tests.durability.dying PORT STEP`, with the settings of `ledger serve`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import make_server

from sqlalchemy import Engine, event

from api.app import create_app
from api.config.settings import Settings
from ledger import Appended, Delivery, Ledger
from tests.driver import between

# Each is done by the statement that has these words; the last two have none that could be seen.
STATEMENTS = {
    "locked": "FROM ledger_events_head",
    "inserted": "INSERT INTO ledger_events",
    "head moved": "UPDATE ledger_events_head",
}
COMMITTING = "before the commit"
COMMITTED = "after the commit"
STEPS = (*STATEMENTS, COMMITTING, COMMITTED)


def die() -> None:
    """kill -9 of this process."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dying_at(engine: Engine, step: str) -> Iterator[None]:
    """Arranges the end at a step inside the transaction."""

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
    """A ledger that does not live to tell what it committed."""

    name = Ledger.name  # the library would name the tables after the class

    def append(self, deliveries: Sequence[Delivery]) -> list[Appended]:
        """Appends; the answer reaches nobody."""
        answers = super().append(deliveries)
        die()
        return answers


def main() -> None:
    """Serves one request at a time."""
    port, step = int(sys.argv[1]), sys.argv[2]
    settings = Settings.read(serving=True)
    kind = Dying if step == COMMITTED else Ledger
    ledger = kind.open(settings.database_url)
    app = create_app(settings, ledger=ledger)
    with make_server("127.0.0.1", port, app) as server, dying_at(ledger.engine, step):
        server.serve_forever()


if __name__ == "__main__":
    main()
