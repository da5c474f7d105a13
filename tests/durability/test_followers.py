"""Two followers on one ledger: one leads, and the other takes over when it is killed."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger import Delivery, Ledger, read_delivery
from projections import Projections
from tests.cli.processes import LEDGER, SECRET, environment, eventually
from tests.databases import on_postgresql
from tests.durability.proof import check_projections, opened
from tests.durability.traffic import bodies
from tests.projections.concurrency import beside

pytestmark = pytest.mark.slow

TAKEN_OVER_SECONDS = 10.0


@contextmanager
def following(url: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a `ledger follow`."""
    environ = environment(LEDGER_DATABASE_URL=url, STRIPE_WEBHOOK_SECRET=SECRET)
    with subprocess.Popen([*LEDGER, "follow"], cwd=cwd, env=environ) as process:
        try:
            yield process
        finally:
            process.kill()


def growing(ledger: Ledger) -> Callable[[threading.Event], None]:
    """A job that appends without pause."""
    events = bodies(7)

    def grow(stop: threading.Event) -> None:
        while not stop.is_set():
            sent = [body for _, body in itertools.islice(events, 100)]
            ledger.append([Delivery(body, "webhook", 1, read_delivery(body)) for body in sent])

    return grow


def leader(projections: Projections) -> int | None:
    """The id of the process that holds the leader's lease."""
    leaders = projections.catalog.control.leaders
    with projections.catalog.engine.connect() as connection:
        owner = connection.execute(select(leaders.c.owner)).scalar()
    return None if owner is None else int(owner.split(":")[1])


def position(projections: Projections) -> int:
    """The position that all kinds have reached."""
    return min(projections.position(kind) for kind in projections.kinds)


@on_postgresql
def test_another_takes_over(ledger_url: str, tmp_path: Path) -> None:
    """After a SIGKILL of the leader amid a backlog, the other follower continues within seconds."""
    with opened(ledger_url) as (ledger, projections):
        with following(ledger_url, tmp_path) as left, following(ledger_url, tmp_path) as right:
            with beside(growing(ledger)):
                eventually(lambda: position(projections) > 0, "one of them reads")
                first = leader(projections)
                killed, survivor = (left, right) if first == left.pid else (right, left)
                killed.kill()
                killed.wait()
                at, when = position(projections), time.monotonic()
                eventually(lambda: position(projections) > at, "the other one reads on")
                seconds = time.monotonic() - when
            check_projections(projections)

            assert first == killed.pid
            assert leader(projections) == survivor.pid
            assert seconds < TAKEN_OVER_SECONDS
            survivor.terminate()
            assert survivor.wait(30) == 0
        assert leader(projections) is None
