"""Metrics of fetched events: whether their webhooks came after all, and when."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from api.backend import backend_of
from api.stripe.store import SweepState, SweepStore
from ledger import Delivery, Event, read_delivery
from tests.api.client import ApiClient
from tests.api.deliveries import NOW, body_of, event


def sample(client: ApiClient, name: str, **labels: str) -> float:
    """One sample of the metrics."""
    families = text_string_to_metric_families(client.http.get("/metrics").text)
    samples = [each for family in families for each in family.samples]
    [value] = [each.value for each in samples if (each.name, each.labels) == (name, labels)]
    return value


def test_fetched_events(client: ApiClient) -> None:
    """Early where the webhook comes after the fetch, missed where none came within three days."""
    early, missed = event(created=NOW - 600), event(created=NOW - 600)
    sweeps = SweepStore(client.ledger.engine, clock=client.clock)
    for document in (early, missed):
        fact = read_delivery(body_of(document))
        assert isinstance(fact, Event)
        sweeps.note_fetched([fact])
        client.ledger.append([Delivery(body_of(document), "api", NOW * 1_000_000, fact)])
    sweeps.save(SweepState(None, False, swept_until=NOW - 300))
    # Of the mode whose key was used before, and of an account that is gone, nothing is swept.
    sweeps.save(SweepState(None, True, swept_until=NOW - 9_000))
    sweeps.save(SweepState("acct_gone", False, swept_until=NOW - 9_000, is_gone=True))

    assert sample(client, "ledger_events_awaited") == 2
    assert sample(client, "ledger_sweep_age_seconds") == 300
    assert client.deliver(body_of(early)).get_json()["status"] == "duplicate"
    backend_of(client.app).sweeps.flush()
    client.clock.seconds = NOW + 4 * 86_400
    assert sample(client, "ledger_events_early_total", type=early["type"]) == 1
    assert sample(client, "ledger_events_missed_total", type=missed["type"]) == 1
    assert sample(client, "ledger_events_awaited") == 0
