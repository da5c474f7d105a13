"""A Stripe that others wrote: `localstripe`, which knows far less and answers in its own words."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stripe

from api.serve.address import free_port
from api.stripe.client import StripeApi
from api.stripe.store import SweepStore
from api.stripe.sweep import Sweeper
from projections import Page
from tests.cli.processes import eventually
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.projections.histories import Store
from tests.stripe.sides import FAST

KEY = "sk_test_12345"


def is_there(client: stripe.StripeClient) -> bool:
    """Whether it answers."""
    try:
        client.v1.customers.list()
    except stripe.APIConnectionError:
        return False
    return True


@dataclass(frozen=True)
class Stranger:
    """Where it is, and Stripe's own library for it."""

    base: str
    client: stripe.StripeClient


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    """It runs, and a merchant has sold something there."""
    directory: Path = tmp_path_factory.mktemp("localstripe")
    port = free_port()
    with (directory / "log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
            cwd=directory,
            stdout=output,
            stderr=output,
        )
    base = f"http://127.0.0.1:{port}"
    client = stripe.StripeClient(
        KEY,
        base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=5),
    )
    try:
        eventually(lambda: is_there(client), "localstripe answers")
        sell(client)
        yield Stranger(base, client)
    finally:
        process.kill()
        process.wait()


def sell(client: stripe.StripeClient) -> None:
    """A customer pays once, gets a part of it back, and subscribes."""
    card = {"object": "card", "number": "4242424242424242", "exp_month": 12, "exp_year": 2040}
    customer = client.v1.customers.create(
        params={"email": "jo@example.com", "source": {**card, "cvc": "123"}}  # type: ignore[arg-type]
    )
    charge = client.v1.charges.create(
        params={"amount": 1000, "currency": "eur", "customer": customer.id}
    )
    client.v1.refunds.create(params={"charge": charge.id, "amount": 300})
    plan = client.v1.plans.create(
        params={"amount": 500, "currency": "eur", "interval": "month", "product": {"name": "Tea"}}
    )
    client.v1.subscriptions.create(params={"customer": customer.id, "items": [{"plan": plan.id}]})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_its_events_are_fetched(stranger: Stranger, with_ledger: WithLedger, dialect: str) -> None:
    """Every event that it lists, page by page and once; what it does not have stops nothing."""
    listed = {event.id for event in stranger.client.v1.events.list(params={"limit": 100}).data}
    with with_ledger(dialect) as url:
        store = Store.open(url)
        sweeps = SweepStore(store.ledger.engine)
        # The events are too young by now: they are left to their webhooks.
        later = time.time() + 600
        api = StripeApi(KEY, stranger.base, FAST)
        sweeper = Sweeper(api, store.ledger, sweeps, clock=lambda: later, page=3)
        accounts, refused = sweeper.accounts()
        swept = [sweeper.sweep(account) for account in accounts]
        again = sweeper.sweep(None)
        store.follow()
        rows = {
            kind: store.projections.list(kind, page=Page(limit=10)).items
            for kind in ("customers", "subscriptions", "invoices", "orders")
        }
        logged = [event.event_id for event in store.ledger.log.after(0, 100)]
        store.close()

    assert accounts == [None] and refused is not None
    assert sorted(logged) == sorted(listed) and len(listed) > 5
    assert swept[0].fetched == len(listed) and swept[0].pages > 1 and again.fetched == 0
    assert {kind: len(items) for kind, items in rows.items()} == dict.fromkeys(rows, 1)
    assert rows["subscriptions"][0]["status"] == "active"
    assert rows["orders"][0]["status"] == "paid"
