"""Handlers in a module of a shop, and a process that hands them what is due."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psutil
from sqlalchemy import Engine

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.deliveries import Deliveries, Due
from api.notify.handler_pool import HandlerPool
from api.notify.sender import Sender
from ledger import BATCHES, database_url
from ledger.database import open_engine, read_transaction

__all__ = ["due_to_handler", "effects", "handler_processes", "write_module"]

# What the row says is done to the connection; each writes the notification's id first.
MODULE = """
import os, signal, time
import subprocess, sys
from sqlalchemy import text
from sqlalchemy.orm import Session


def write(notification, connection):
    effect = {"id": notification.id}
    connection.execute(text("INSERT INTO effects (notification) VALUES (:id)"), effect)


def begin_again(connection):
    with connection.begin():
        pass


def refused_statement(connection):
    try:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
    except Exception:
        pass


def savepoint(connection):
    with connection.begin_nested() as nested:
        connection.execute(text("INSERT INTO effects (notification) VALUES ('undone')"))
        nested.rollback()


def session(connection):
    with Session(bind=connection) as shop:
        shop.execute(text("UPDATE effects SET notification = notification"))
        shop.commit()


def roll_back_in_vain(connection):
    try:
        connection.rollback()
    except Exception:
        pass


BEFORE = {
    "die before": lambda c: os._exit(7),
    "kill itself before": lambda c: os.kill(os.getpid(), signal.SIGKILL),
    "raise before": lambda c: 1 / 0,
}
AFTER = {
    "die after": lambda c: os._exit(7),
    "kill itself after": lambda c: os.kill(os.getpid(), signal.SIGKILL),
    "raise after": lambda c: 1 / 0,
    "exit after": lambda c: sys.exit("closed"),
    "hang after": lambda c: time.sleep(600),
    "wait after": lambda c: time.sleep(1.5),
    "commit": lambda c: c.commit(),
    "rollback": lambda c: c.rollback(),
    "rollback in vain": roll_back_in_vain,
    "close": lambda c: c.close(),
    "begin": begin_again,
    "get_transaction": lambda c: c.get_transaction().commit(),
    "text": lambda c: c.exec_driver_sql("commit"),
    "text in vain": lambda c: c.execute(text(" ROLLBACK ; ")),
    "driver": lambda c: c.connection.driver_connection.commit(),
    "refused statement": refused_statement,
    "savepoint": savepoint,
    "session": session,
}


def fulfil(notification, connection):
    do = notification.object["do"]
    BEFORE.get(do, lambda c: None)(connection)
    write(notification, connection)
    AFTER.get(do, lambda c: None)(connection)


class Unreadable(Exception):
    def __str__(self):
        raise ValueError


def alert(notification):
    do = notification.object["do"]
    if do == "hang":
        # What it starts must not keep its place either.
        started = subprocess.Popen(["sleep", "600"], close_fds=False)
        with open("started", "w") as file:
            file.write(str(started.pid))
        time.sleep(600)
    if do == "raise":
        raise RuntimeError("no stock\\0 \\ud800" + "." * 500)
    if do == "raise unreadably":
        raise Unreadable
    with open("alerts", "a") as file:
        file.write(notification.id + "\\n")


def report(notification, connection=None):
    with open("pids", "a") as file:
        file.write(f"{os.getpid()} {os.getppid()}\\n")
    assert notification.cause.type == "charge.succeeded"
    return repr(connection)


HANDLERS = {"order.paid": fulfil, "dispute.*": alert, "order.refunded": report}
"""


def write_module(directory: Path, name: str = "fulfilment", text: str = MODULE) -> str:
    """A module `shop.<name>` in a directory; returns its name."""
    (directory / "shop").mkdir(exist_ok=True)
    (directory / "shop" / f"{name}.py").write_text(text, "utf-8")
    return f"shop.{name}"


def handler_processes() -> list[psutil.Process]:
    """The processes of handlers that this one started: other tests start other children."""
    children = psutil.Process().children()
    return [child for child in children if "api.notify.handler_process" in child.cmdline()]


def due_to_handler(number: int, do: str = "", type: str = "order.paid", row: str = "") -> Due:
    """The notification at a position, of a row of its own unless one is named, whose handler does
    something."""
    cause = {"event": "evt_1", "type": "charge.succeeded", "created": 1_700_000_000, "position": 1}
    data = {"id": f"ntf_{number}", "position": number, "ordinal": 1, "late": False, "holds": True}
    body = {
        "type": type,
        "timestamp": "2023-11-14T22:13:20Z",
        "data": {**data, "cause": cause, "object": {"id": f"pi_{number}", "do": do}},
    }
    key = (row or f"row {number}").encode()
    return Due(f"ntf_{number}", type, number, 0, key, json.dumps(body).encode())


def effects(engine: Engine) -> list[str]:
    """What the handlers wrote."""
    with read_transaction(engine) as connection:
        rows = connection.exec_driver_sql("SELECT notification FROM effects ORDER BY notification")
        return list(rows.scalars())


def main(url: str, module: str) -> None:
    """Hand out what is due until nothing is left."""
    engine = open_engine(database_url(url), limits=BATCHES, pool_size=5)
    pool = HandlerPool(module, engine.url)
    networks, deliveries = Networks.read(DEFAULT_NETWORKS), Deliveries(engine)
    pool.start(("order.paid", "order.refunded", "dispute.lost"))
    sender = Sender(engine, networks=networks, handlers=pool)
    while deliveries.list(state="pending", limit=1):
        sender.send()
    sender.stop()
    pool.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
