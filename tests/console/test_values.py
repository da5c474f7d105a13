"""Values as pages show them: times from this moment on, amounts in their currency's decimals."""

from __future__ import annotations

import pytest

from api.console.money import money
from api.console.values import ago
from tests.api.client import ApiClient


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than a minute ago"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (3 * 86_400, "3 days ago"),
        (800 * 86_400, "2 years ago"),
        (-59, "in less than a minute"),
        (-7200, "in 2 hours"),
    ],
)
def test_relative_times(shared: ApiClient, seconds: int, text: str) -> None:
    """How far a time is from this moment, either way."""
    with shared.app.app_context():
        assert ago(shared.clock.seconds - seconds) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (123450, "eur", "1,234.50 EUR"),
        (-5, "usd", "-0.05 USD"),
        (1234, "jpy", "1,234 JPY"),
        (1234, "kwd", "1.234 KWD"),
        (500, "isk", "5.00 ISK"),
        (0, "gbp", "0.00 GBP"),
        (7, None, "7"),
    ],
)
def test_amounts(amount: int, currency: str | None, text: str) -> None:
    """In the currency's own decimals."""
    assert money(amount, currency) == text
