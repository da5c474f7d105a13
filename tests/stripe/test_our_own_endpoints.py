"""Webhook endpoints of our own Stripe, as Stripe's library makes and changes them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from api.simulator.stripe import Fault
from tests.stripe.conftest import LIVE_KEY, Service

PARAMS: Any = {
    "url": "https://ledger.example/webhooks/stripe",
    "enabled_events": ["charge.succeeded", "charge.refunded"],
    "api_version": "2026-10-28.endive",
    "metadata": {"by": "ledger"},
}
OTHER: Any = {**PARAMS, "url": "http://other.example"}


def test_the_secret_is_told_once(service: Service) -> None:
    """Only the answer that creates an endpoint has it."""
    endpoints = service.client().v1.webhook_endpoints
    endpoint = endpoints.create(PARAMS)

    assert endpoint.secret and endpoint.secret.startswith("whsec_")
    assert endpoint.to_dict()["metadata"] == {"by": "ledger"}
    assert endpoint.enabled_events == PARAMS["enabled_events"]
    assert getattr(endpoints.retrieve(endpoint.id), "secret", None) is None
    assert [getattr(each, "secret", None) for each in endpoints.list().data] == [None]


def test_an_idempotency_key_gives_the_secret_again(service: Service) -> None:
    """Also when the first answer was lost, and of an endpoint that is deleted since."""
    endpoints = service.client().v1.webhook_endpoints
    service.simulator.faults.add(Fault("lost", "/v1/webhook_endpoints"))
    options: Any = {"idempotency_key": "key-1"}
    first = endpoints.create(PARAMS, options)
    again = endpoints.create(PARAMS, options)
    endpoints.delete(first.id)

    assert first.secret == again.secret == endpoints.create(PARAMS, options).secret
    assert endpoints.list().data == []
    with pytest.raises(stripe.IdempotencyError):
        endpoints.create(OTHER, options)


def test_what_cannot_be_updated_is_refused(service: Service) -> None:
    """The version and whose events it gets stand; url, events, state and metadata change."""
    endpoints = service.client().v1.webhook_endpoints
    endpoint = endpoints.create(PARAMS)
    wrongs: list[Any] = [{"api_version": "2025-03-31.basil"}, {"connect": True}]
    for wrong in wrongs:
        with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
            endpoints.update(endpoint.id, wrong)
    changed = endpoints.update(
        endpoint.id, {"enabled_events": ["*"], "disabled": True, "metadata": {"more": "yes"}}
    )

    assert (changed.status, changed.enabled_events) == ("disabled", ["*"])
    assert changed.to_dict()["metadata"] == {"by": "ledger", "more": "yes"}


def test_there_are_sixteen_at_most(service: Service) -> None:
    """In each mode; a list shows ten of them unless asked for more."""
    endpoints = service.client().v1.webhook_endpoints
    for _ in range(16):
        endpoints.create(PARAMS)
    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16 test webhook endpoints"):
        endpoints.create(PARAMS)

    assert len(endpoints.list().data) == 10
    assert len(endpoints.list({"limit": 100}).data) == 16
    assert service.client(LIVE_KEY).v1.webhook_endpoints.create(PARAMS).livemode


def test_a_live_endpoint_needs_https(service: Service) -> None:
    """A test endpoint may be plain."""
    service.client().v1.webhook_endpoints.create(OTHER)
    with pytest.raises(stripe.InvalidRequestError, match="must be an https URL"):
        service.client(LIVE_KEY).v1.webhook_endpoints.create(OTHER)
