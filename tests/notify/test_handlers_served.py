"""`ledger serve` with handlers: of a story's webhooks, sent twice, one effect."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from api.serve.address import free_port
from api.simulator import story
from ledger import database_url
from projections.feed.tables import notifications_url
from tests.cli.processes import SECRET, eventually, ledger, serving
from tests.notify.handing import write_module

MODULE = """
import time
from sqlalchemy import text

def fulfil(notification, connection):
    effect = {"id": notification.object["id"]}
    connection.execute(text("INSERT INTO effects VALUES (:id)"), effect)

def hang(notification):
    open("hangs", "w").close()
    time.sleep(600)

HANDLERS = {"order.paid": fulfil, "order.refunded": hang, "order.partially_refunded": hang}
"""


def test_served(ledger_url: str, tmp_path: Path) -> None:
    """The shop's module is found in the working directory, and a handler that hangs holds up no
    orderly stop for as long as it may run."""
    events = story("order_with_3ds_and_partial_refund").events
    engine = create_engine(notifications_url(database_url(ledger_url)))

    def read_effects() -> list[str]:
        with engine.begin() as connection:
            return list(connection.execute(text("SELECT * FROM effects")).scalars())

    settings = {
        "LEDGER_NOTIFIER": "true",
        "LEDGER_HANDLERS": write_module(tmp_path, text=MODULE),
        # The story is years old.
        "LEDGER_NOTIFY_MAX_AGE": str(10 * 365 * 86_400),
    }
    with serving(ledger_url, tmp_path, **settings) as shop:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE effects (order_id TEXT)"))
        for event in [*events, *events]:
            shop.post(event)
        eventually(lambda: (tmp_path / "hangs").exists(), "the refund's handler hangs")
        # On a busy machine its first try may hold SQLite's lock for too long.
        eventually(read_effects, "the order's handler has written")
        children = shop.family()
        assert shop.end() == 0
    written = read_effects()
    engine.dispose()

    assert len(written) == 1 and written[0].startswith("pi_")
    assert [child for child in children if child.is_running()] == []


def test_a_start_refuses_a_module(ledger_url: str, tmp_path: Path) -> None:
    """In one line, before anything is started."""
    module = write_module(tmp_path, text="HANDLERS = {'order.payed': print}")
    settings = {
        "LEDGER_DATABASE_URL": ledger_url,
        "LEDGER_HANDLERS": module,
        "STRIPE_WEBHOOK_SECRET": SECRET,
    }
    result = ledger("serve", "--port", str(free_port()), cwd=tmp_path, **settings)

    assert result.returncode == 2
    assert f"LEDGER_HANDLERS={module}: HANDLERS['order.payed']" in result.stderr
    assert "did you mean" in result.stderr
