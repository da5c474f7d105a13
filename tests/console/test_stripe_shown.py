"""What the console says of Stripe: endpoints that are not right, and what waits to be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.simulator.stripe import Fault, Scope, Stripe
from tests.api.client import ApiClient
from tests.api.deliveries import WEBHOOK
from tests.conftest import WithLedger
from tests.console.browser import Browser, text_of
from tests.console.conftest import CHANGES
from tests.stripe.conftest import KEYS, TEST_KEY

_OWN = Scope(None, False)


@pytest.fixture
def simulator() -> Iterator[tuple[Stripe, str]]:
    """A Stripe of our own, and where it is."""
    own = Stripe([], KEYS)
    with own.serving() as base:
        yield own, base


def test_a_disabled_endpoint(with_ledger: WithLedger, simulator: tuple[Stripe, str]) -> None:
    """The overview names it and what is wrong with it; a refusal of Stripe's is said as well."""
    own, base = simulator
    changes = {**CHANGES, "stripe_api_key": TEST_KEY.secret, "stripe_api_base": base}
    params: dict[str, Any] = {"url": f"https://shop.example{WEBHOOK}", "enabled_events": ["*"]}
    with with_ledger("sqlite") as url:
        client = ApiClient(url, changes)
        browser = Browser(client)
        browser.sign_in()
        assert "no endpoint at Stripe leads" in text_of(browser.get("/overview/endpoints"))
        endpoint = own.api.endpoints.create(_OWN, params)
        assert "are enabled" in text_of(browser.get("/overview/endpoints"))
        own.api.endpoints.disable(endpoint["id"])
        part = text_of(browser.get("/overview/endpoints"))
        assert endpoint["id"] in part and "it is disabled: Stripe sends nothing" in part
        # Stripe is not asked again each time that the page is refreshed.
        requests = len(own.requests)
        browser.get("/?whole=1")
        assert len(own.requests) == requests
        own.faults.add(Fault("rate_limited", seconds=3600), times=50)
        assert "429" in text_of(browser.get("/overview/endpoints"))
        client.close()


def test_what_waits(shared: ApiClient, browser: Browser) -> None:
    """The page of Stripe says how much is still to be asked for, as REST does."""
    waiting = shared.get("/v1/stripe").get_json()["waiting"]
    assert waiting == {"balance_transactions": 0, "due": 0, "oldest_due": None, "thin_events": 0}
    assert "0 balance transactions, 0 of them due" in text_of(browser.get("/stripe"))
    assert "Stripe is not asked" in text_of(browser.get("/overview/endpoints"))
