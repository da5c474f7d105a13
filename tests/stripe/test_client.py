"""The client: never faster than the rate, patient as Stripe says, silent about the key."""

from __future__ import annotations

import logging
import time
import traceback
from itertools import pairwise
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from api.config.settings import Settings, SettingsError
from api.simulator.stripe import Fault, Key
from api.stripe.client import StripeApi
from api.stripe.limiter import Limiter, Rates
from api.stripe.refusals import (
    AccountGone,
    MissingPermission,
    StripeRefused,
    StripeUnreachable,
    refusal,
)
from ledger import ConfigurationError
from tests.stripe.conftest import RESTRICTED_KEY, TEST_KEY, Service

FAST = Rates(500, 500)


def api(service: Service, key: Key = TEST_KEY, rates: Rates = FAST) -> StripeApi:
    """The client for one of the keys."""
    return StripeApi(key.secret, service.base, rates, timeout_seconds=0.5)


@given(
    total=st.floats(0.5, 50),
    resource=st.floats(0.5, 50),
    requests=st.lists(
        st.tuples(st.sampled_from("ab"), st.floats(0, 2), st.floats(0, 3)), max_size=40
    ),
)
def test_no_window_has_more_requests_than_the_rate(
    total: float, resource: float, requests: list[tuple[str, float, float]]
) -> None:
    """Whatever comes when: between two requests lies the time of one, and a hold is kept."""
    seconds = 1000.0

    def sleep(duration: float) -> None:
        nonlocal seconds
        seconds += duration + 1e-9

    limiter = Limiter(Rates(total, resource), clock=lambda: seconds, sleep=sleep)
    gone: list[tuple[str, float]] = []
    held = 0.0
    for name, idle, hold in requests:
        seconds += idle
        limiter.wait(name)
        assert seconds >= held
        gone.append((name, seconds))
        if hold > 2:
            limiter.hold(hold)
            held = seconds + hold

    for names, rate in (("ab", total), ("a", resource), ("b", resource)):
        times = [at for name, at in gone if name in names]
        assert all(b - a >= 1 / rate - 1e-6 for a, b in pairwise(times))


def test_the_rate_of_the_setting_is_kept(service: Service) -> None:
    """Our own Stripe sees no more requests in any second than the setting says."""
    client = api(service, rates=Rates(20, 20))
    for _ in range(30):
        client.get("/v1/events", limit=1)
    times = [at for at, _ in service.simulator.requests]

    # Spaced by a twentieth; the way to the server may take a moment more or less.
    assert times[-1] - times[0] >= 29 / 20 - 0.1
    assert max(sum(a <= b < a + 1 for b in times) for a in times) <= 21


def test_a_tenth_is_the_default() -> None:
    """Of Stripe's 100 requests a second, of a sandbox's 25, and of each resource's 25."""
    assert Rates.of(0, livemode=True) == Rates(10, 2.5)
    assert Rates.of(0, livemode=False) == Rates(2.5, 2.5)
    assert Rates.of(40, livemode=False) == Rates(40, 40)


def test_a_429_is_waited_out_as_told(service: Service) -> None:
    """As long as Retry-After says, for every request; without it, longer each time."""
    client = api(service)
    service.simulator.faults.add(Fault("rate_limited", seconds=1))
    service.simulator.faults.add(Fault("rate_limited", seconds=None))

    assert '"list"' in client.get("/v1/events", limit=1)
    first, second, third = (at for at, _ in service.simulator.requests)
    assert second - first >= 0.99
    assert third - second >= 1.99


def test_a_429_that_does_not_end_is_told(service: Service) -> None:
    """After eight of them; what comes later works."""
    waited: list[float] = []
    client = StripeApi(TEST_KEY.secret, service.base, FAST, sleep=waited.append)
    service.simulator.faults.add(Fault("rate_limited", seconds=0), times=8)
    with pytest.raises(StripeUnreachable, match="too many requests"):
        client.get("/v1/events")

    assert len(service.simulator.requests) == 8
    assert client.get("/v1/events")


def test_retries_are_paced_too(service: Service) -> None:
    """The library's own second attempt waits for its turn."""
    client = api(service, rates=Rates(1, 1))
    service.simulator.faults.add(Fault("error"))
    begun = time.monotonic()
    client.get("/v1/events")
    _, second = (at for at, _ in service.simulator.requests)

    # From when the first was sent: it may have been on its way for longer than the second.
    assert second - begun >= 0.99


@pytest.mark.parametrize("kind", ["error", "silence", "lost"])
def test_an_outage_is_one_line(service: Service, kind: Any) -> None:
    """After two retries it says what was asked."""
    service.simulator.faults.add(Fault(kind), times=3)
    with pytest.raises(StripeUnreachable, match="GET /v1/events") as raised:
        api(service).get("/v1/events")

    assert "\n" not in str(raised.value)


def test_a_missing_permission_is_named(service: Service) -> None:
    """And what is refused without it; the rest works with the same client."""
    client = api(service, RESTRICTED_KEY)
    with pytest.raises(MissingPermission, match=r"charge_read \(Charges Read\)") as raised:
        client.get("/v1/charges")

    assert raised.value.permission == "charge_read"
    assert client.get("/v1/events")


def test_the_older_words_name_it_too() -> None:
    """Until 2026 Stripe named only the permission."""
    error = stripe.PermissionError(
        "The provided key 'rk_test_*****1234' does not have the required permissions for this"
        " endpoint on account 'acct_1'. Having the 'rak_charge_read' permission would allow this"
        " request to continue."
    )

    refused = refusal(error, "GET /v1/charges")
    assert isinstance(refused, MissingPermission) and refused.permission == "charge_read"
    assert "1234" not in str(refused)


def test_an_account_that_is_not_connected_is_told_apart(service: Service) -> None:
    """So that a sweep of many passes over it."""
    with pytest.raises(AccountGone):
        api(service).get("/v1/events", account="acct_of_a_stranger")


@pytest.mark.parametrize("key", [Key("sk_test_nobody_has_this_one"), RESTRICTED_KEY])
def test_the_key_is_in_no_error_and_no_log(
    service: Service, key: Key, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even in parts, whatever goes wrong, with all causes and every log line."""
    caplog.set_level(logging.DEBUG)
    client = api(service, key)
    service.simulator.faults.add(Fault("silence", "/v1/prices"), times=3)
    texts = []
    for path in ("/v1/charges", "/v1/prices", "/v1/nothing", "/v1/events?limit=x"):
        with pytest.raises(StripeRefused) as raised:
            client.get(path)
        texts.append("".join(traceback.format_exception(raised.value)))
        assert raised.value.__cause__ is None and raised.value.__suppress_context__
    everything = "\n".join([*texts, caplog.text, repr(client), str(vars(client))])

    assert key.secret not in everything
    assert key.secret[-4:] not in "".join(str(text).splitlines()[-1] for text in texts)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("STRIPE_API_KEY", "pk_live_4242424242424242"),
        ("STRIPE_API_KEY", "sk_live_with blank_4242"),
        ("STRIPE_API_BASE", "ftp://api.stripe.com"),
        ("STRIPE_API_BASE", "http://stripe.example"),
        ("LEDGER_STRIPE_RATE", "101"),
    ],
)
def test_wrong_settings_are_named_at_the_start(name: str, text: str) -> None:
    """Each by its variable, and a key that is none is not shown."""
    with pytest.raises(SettingsError, match=name) as raised:
        Settings.read({name: text})

    assert "4242" not in str(raised.value)


def test_a_key_fits_the_mode() -> None:
    """No key, or one of a mode that the ledger refuses, is a wrong configuration."""
    settings = {"STRIPE_API_KEY": TEST_KEY.secret}
    with pytest.raises(ConfigurationError, match="STRIPE_API_KEY is missing"):
        StripeApi.of(Settings.read({}))
    with pytest.raises(ConfigurationError, match="key of test mode"):
        StripeApi.of(Settings.read({**settings, "LEDGER_LIVEMODE": "true"}))

    assert StripeApi.of(Settings.read(settings)).livemode is False
    assert TEST_KEY.secret not in repr(Settings.read(settings))
