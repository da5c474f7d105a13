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
from api.stripe.backfill import Backfiller
from api.stripe.backfill_store import BackfillStore
from api.stripe.client import StripeApi
from api.stripe.comparing import Comparison
from api.stripe.objects import lists
from api.stripe.store import SweepStore
from api.stripe.sweep import Sweeper
from api.stripe.tables import create_tables
from projections import KINDS, Page
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


@pytest.mark.parametrize("dialect", DIALECTS)
def test_its_objects_are_backfilled_and_compared(
    stranger: Stranger, with_ledger: WithLedger, dialect: str
) -> None:
    """What it has is recorded and differs in nothing; what it changes untold is found, once."""
    with with_ledger(dialect) as url:
        store = Store.open(url)
        create_tables(store.ledger.engine)
        api = StripeApi(KEY, stranger.base, FAST)
        backfills = BackfillStore(store.ledger.engine, livemode=False)
        results = Backfiller(api, store.ledger, backfills, page=1).run([None], lists())
        store.follow()
        rows = {kind: store.items(kind) for kind in KINDS}
        comparison = Comparison(api, store.ledger, store.projections, sleep=lambda seconds: None)
        same = comparison.of_lists([None], lists())
        name = f"Jo {dialect}"
        stranger.client.v1.customers.update(rows["customers"][0]["id"], params={"name": name})
        changed = comparison.of_lists([None], lists())
        store.close()

    # Of what it does not know it has no lists.
    recorded = {each.listing: each.recorded for each in results if each.refused is None}
    assert {name: count for name, count in recorded.items() if count} == {
        "/v1/balance_transactions": 3,
        "/v1/charges": 2,
        "/v1/customers": 1,
        "/v1/invoices": 1,
        "/v1/payment_intents": 1,
        "/v1/plans": 1,
        "/v1/products": 1,
        "/v1/refunds": 1,
        "/v1/subscriptions?status=all": 1,
    }
    assert all("404" in each.refused for each in results if each.refused is not None)
    assert not any(each.unreadable for each in results)
    statuses = {kind: sorted(row["status"] for row in rows[kind]) for kind in ("orders", "refunds")}
    assert statuses == {"orders": ["paid", "partially_refunded"], "refunds": ["succeeded"]}
    assert same.drifts == [] and same.objects.total() == sum(recorded.values())
    assert [(drift.field, drift.answered) for drift in changed.drifts] == [("name", name)]
