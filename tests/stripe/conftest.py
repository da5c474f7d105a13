"""Our own Stripe over HTTP, and the real library that asks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import stripe

from api.simulator import START, STORIES, Story, histories
from api.simulator.stripe import Key, Stripe

DAY = 86_400
TEST_KEY = Key("sk_test_of_our_own_Zq7x")
LIVE_KEY = Key("sk_live_of_our_own_Zq7x")
# It may read all that the ledger asks for but charges, and may write nothing.
RESTRICTED_KEY = Key(
    "rk_test_of_our_own_Zq7x",
    frozenset({"event_read", "webhook_read", "payout_read", "connected_account_read"}),
)
KEYS = (TEST_KEY, LIVE_KEY, RESTRICTED_KEY)


@dataclass
class Clock:
    """A clock that stands where it is set."""

    seconds: float = START

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Service:
    """Our own Stripe while it is served."""

    simulator: Stripe
    base: str
    clock: Clock = field(default_factory=Clock)

    def client(self, key: Key = TEST_KEY) -> stripe.StripeClient:
        """Stripe's own client with one of the keys."""
        return stripe.StripeClient(
            key.secret,
            base_addresses={"api": self.base},
            http_client=stripe.RequestsClient(timeout=0.5),
            max_network_retries=2,
        )


@pytest.fixture(scope="session")
def stories() -> list[Story]:
    """Two of each kind of story: of the own account, a connected one and both modes."""
    return list(histories(17, 2 * len(STORIES), keeps_states=True))


@pytest.fixture
def service(stories: list[Story]) -> Iterator[Service]:
    """Our own Stripe with these stories, at the 25th day after their beginning."""
    clock = Clock(START + 25 * DAY)
    # Its limit is shown where it is asked for: whoever pages fast would meet it by chance.
    own = Stripe(stories, KEYS, clock=clock, rate_max=100_000)
    with own.serving() as base:
        yield Service(own, base, clock)
