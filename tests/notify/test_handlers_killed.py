"""Exactly once: the notifier and the processes of its handlers are killed at random."""

from __future__ import annotations

import random
import subprocess
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from api.notify.tables import DELIVERIES
from api.serve.parent import module_command
from ledger.database import read_transaction
from tests.cli.processes import eventually
from tests.notify.conftest import Facts
from tests.notify.handing import due_to_handler, write_module
from tests.thorough import KILLS

# In time so many that the notifier never runs out of them between two kills.
COUNT = 150 * KILLS
ROWS = 200


class Notifier:
    """The process of tests/notify/handing.py, which is started anew whenever it is killed."""

    def __init__(self, facts: Facts, module: str, directory: Path) -> None:
        self._arguments = (facts.engine.url.render_as_string(False), module)
        self._directory = directory
        self._start()

    def _start(self) -> None:
        command = module_command("tests.notify.handing", *self._arguments)
        root = Path(__file__).parents[2]
        environment = {**psutil.Process().environ(), "PYTHONPATH": str(root)}
        self.process = subprocess.Popen(command, cwd=self._directory, env=environment)

    def kill(self, choose: random.Random) -> list[psutil.Process]:
        """Kill it, or a process of its handlers; returns those that ran."""
        family = psutil.Process(self.process.pid).children()
        if family and choose.random() < 0.5:
            with suppress(psutil.NoSuchProcess):
                choose.choice(family).kill()
            return []
        self.process.kill()
        self.process.wait()
        self._start()
        return family


@pytest.mark.slow
def test_exactly_once(facts: Facts, tmp_path: Path) -> None:
    """Of each notification one effect, and each is marked as delivered; in the order of its row."""
    choose = random.Random(1)
    module = write_module(tmp_path)
    place = "SERIAL" if facts.engine.dialect.name == "postgresql" else "INTEGER PRIMARY KEY"
    with facts.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE effects (notification TEXT, place {place})")
    subscriber = facts.subscribers.add_handler("order.paid")
    due = [due_to_handler(each, row=f"row {each % ROWS}") for each in range(COUNT)]
    facts.deliveries.add(subscriber.id, due)
    notifier, orphans = Notifier(facts, module, tmp_path), []
    for _ in range(KILLS):
        before = delivered(facts)
        eventually(partial(has_gone_on, facts, before), "it goes on")
        time.sleep(choose.random() * 0.1)
        orphans += notifier.kill(choose)
    left = COUNT - delivered(facts)
    notifier.process.wait(300)

    assert left > 0
    written = in_order(facts)
    assert sorted(written) == sorted(each.notification for each in due)
    for row in range(ROWS):
        of_row = [each.notification for each in due[row::ROWS]]
        assert [each for each in written if each in set(of_row)] == of_row
    assert delivered(facts) == COUNT == facts.subscribers.get(subscriber.id).delivered
    eventually(lambda: not any(map(runs, orphans)), "orphans have ended")


def in_order(facts: Facts) -> list[str]:
    """The notifications of the effects, in the order in which they were written."""
    with read_transaction(facts.engine) as connection:
        rows = connection.exec_driver_sql("SELECT notification FROM effects ORDER BY place")
        return list(rows.scalars())


def has_gone_on(facts: Facts, count: int) -> bool:
    """Whether more deliveries are marked than a count."""
    return delivered(facts) > count


def delivered(facts: Facts) -> int:
    """How many deliveries are marked."""
    query = select(func.count()).where(DELIVERIES.c.state == "delivered")
    with read_transaction(facts.engine) as connection:
        return int(connection.execute(query).scalar_one())


def runs(process: psutil.Process) -> bool:
    """Whether a process runs."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
