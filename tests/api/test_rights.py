"""A user of PostgreSQL that owns nothing of the log, and so cannot drop what guards it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from api.config.databases import create, existing_notify, stores
from api.config.settings import Settings
from api.keys import KeyStore
from api.notify.attempts import Attempt, add_attempts
from api.notify.deliveries import Due
from ledger import ConfigurationError, StoreUnavailable, verify
from ledger.database import write_transaction
from tests.conftest import FreshDatabase
from tests.ledger.deliveries import body, delivered

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


class Owner:
    """The owner of a database, and a user who may connect to it."""

    def __init__(self, url: str) -> None:
        self.url, self.user = url, f"app_{uuid.uuid4().hex[:12]}"
        self.users_url = make_url(url).set(username=self.user).render_as_string()
        address = make_url(url).set(drivername="postgresql").render_as_string()
        self._connection = psycopg.connect(address, autocommit=True)
        self.run("CREATE ROLE app LOGIN")

    def run(self, statements: str) -> None:
        """Run statements in which the user is called ``app``."""
        name = sql.Identifier(self.user).as_string()
        self._connection.execute(re.sub(r"\bapp\b", name, statements).encode())

    def close(self) -> None:
        """Remove the user with all that is his."""
        self.run("DROP OWNED BY app CASCADE; DROP ROLE app")
        self._connection.close()


@pytest.fixture
def owner(fresh_database: FreshDatabase) -> Iterator[Owner]:
    owner = Owner(fresh_database("postgresql"))
    yield owner
    owner.close()


def start(url: str) -> None:
    """What `ledger serve` does first."""
    create(Settings.read({"LEDGER_DATABASE_URL": url}))


def documented_grants() -> str:
    """The statements of docs/operations.md."""
    (block,) = re.findall(r"```sql\n(.*?)```", OPERATIONS.read_text(), re.DOTALL)
    return str(block)


def test_a_user_who_owns_nothing_of_the_log_runs_a_ledger(owner: Owner) -> None:
    """Tables that the owner made, the documented rights: it appends, follows, rebuilds, makes
    keys and hands out; it cannot remove a trigger."""
    start(owner.url)
    owner.run(documented_grants())
    start(owner.users_url)
    settings = Settings.read({"LEDGER_DATABASE_URL": owner.users_url})
    with stores(settings) as (ledger, projections):
        ledger.append([delivered(body(number)) for number in range(5)])
        while projections.follow():
            pass
        projections.rebuild(["orders"])
        KeyStore(ledger.engine).create("shop", "read")
        hand_out(settings)
        assert {state.lag_events for state in projections.states()} == {0}
        assert verify(ledger).problems == []
        with (
            pytest.raises(StoreUnavailable, match="must be owner"),
            write_transaction(ledger.engine) as connection,
        ):
            connection.exec_driver_sql("ALTER TABLE ledger_events DISABLE TRIGGER ALL")
    start(owner.users_url)


def hand_out(settings: Settings) -> None:
    """Make a feed, a subscriber with a delivery and an attempt, and remove them."""
    with existing_notify(settings) as (_, notify):
        while notify.feed.follow():
            pass
        subscriber, _ = notify.subscribers.add("http://127.0.0.1:9/", ["*"])
        notify.deliveries.add(subscriber.id, [Due("ntf_1", "order.paid", 1, 0, b"row", b"{}")])
        with write_transaction(notify.feed.engine) as connection:
            add_attempts(connection, [Attempt(0, subscriber.id, "ntf_1", 1, 0, 1, "delivered")])
        assert len(notify.attempts.list().items) == 1
        notify.subscribers.remove(subscriber.id)


def test_what_is_missing_is_said_in_one_line(owner: Owner) -> None:
    """Each right in turn: the line names it, and what gives it."""

    def refused(match: str) -> None:
        with pytest.raises(ConfigurationError, match=match) as error:
            start(owner.users_url)
        assert "\n" not in str(error.value)

    refused("permission denied for schema public")
    start(owner.url)
    refused("permission denied for table ledger_events_head")
    owner.run("GRANT SELECT ON ledger_events, ledger_events_head, ledger_api_keys TO app")
    refused(f"GRANT INSERT ON ledger_events TO {owner.user}")
    owner.run("GRANT INSERT ON ledger_events TO app")
    refused(f"GRANT UPDATE ON ledger_events_head TO {owner.user}")
    owner.run("GRANT UPDATE ON ledger_events_head TO app")
    refused(f"GRANT USAGE, CREATE ON SCHEMA projections TO {owner.user}")
    owner.run("GRANT USAGE, CREATE ON SCHEMA projections TO app")
    refused("belong to postgres")
    owner.run("DROP SCHEMA projections CASCADE")
    refused(f"CREATE SCHEMA projections AUTHORIZATION {owner.user}")
    owner.run("CREATE SCHEMA projections AUTHORIZATION app")
    start(owner.users_url)
