"""The client: Stripe's own library, never faster than is left to it, with refusals in a line."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import stripe
from requests.structures import CaseInsensitiveDict

from api.config.settings import Settings
from api.stripe.limiter import Limiter, Rates
from api.stripe.observed import SECONDS, observed_at
from api.stripe.refusals import refusal
from ledger import ConfigurationError

__all__ = ["Answer", "StripeApi"]

# At lower levels the library logs what Stripe answers: a secret may be in it.
logging.getLogger("stripe").setLevel(logging.WARNING)

_TIMEOUT_SECONDS = 10.0
_RETRIES = 2
# A 429 is waited out: as long as Stripe says, else twice as long each time.
_REFUSALS_MAX = 8
_WAIT_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The text that Stripe answered, and the second at which it was so, by Stripe's own clock.

    ``observed_at`` is the answer's ``Date`` less the time that it took, rounded down.
    """

    text: str
    observed_at: int
    api_version: str


class StripeApi:
    """Stripe's API with one key, as a library call per request; raises ``StripeRefused``.

    Answers are texts as they came: the library's objects are not what Stripe sent.
    """

    def __init__(
        self,
        key: str,
        base: str,
        rates: Rates,
        *,
        sleep: Callable[[float], object] = time.sleep,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self.livemode = is_live(key)
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": base},
            http_client=_PacedClient(Limiter(rates, sleep=sleep), timeout_seconds),
            max_network_retries=_RETRIES,
        )

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        rate: int = 0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> StripeApi:
        """The settings' one, or with another ``rate`` than theirs.

        Raises ``ConfigurationError`` without a key, or with a wrong one.
        """
        key = settings.stripe_api_key
        if key is None:
            raise ConfigurationError(
                "STRIPE_API_KEY is missing: Stripe is asked only with a key, of which a restricted"
                " one that reads is enough"
            )
        livemode = is_live(key)
        if settings.livemode is not None and settings.livemode is not livemode:
            mode = "live" if livemode else "test"
            raise ConfigurationError(
                f"STRIPE_API_KEY is a key of {mode} mode, whose events LEDGER_LIVEMODE refuses"
            )
        rates = Rates.of(rate or settings.stripe_rate, livemode=livemode)
        return cls(key, settings.stripe_api_base, rates, sleep=sleep)

    def get(self, path: str, *, account: str | None = None, **params: Any) -> str:
        """The body of the answer to a GET."""
        return self.ask(path, account=account, **params).text

    def ask(self, path: str, *, account: str | None = None, **params: Any) -> Answer:
        """The answer to a GET, and as of when it is."""
        return self._request("get", path, params, account=account)

    def post(self, path: str, params: Mapping[str, Any], *, idempotency_key: str) -> str:
        """The body of the answer to a POST; the same key again gives the same answer."""
        return self._request("post", path, params, idempotency_key=idempotency_key).text

    def delete(self, path: str) -> str:
        """The body of the answer to a DELETE."""
        return self._request("delete", path, {}).text

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        *,
        account: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        options = {"stripe_account": account, "idempotency_key": idempotency_key}
        chosen = {name: value for name, value in options.items() if value is not None}
        try:
            response = self._client.raw_request(method, path, **params, **chosen)
        except stripe.StripeError as error:
            # Not its cause: the library's error has the request's headers, and so the key.
            raise refusal(error, f"{method.upper()} {path}") from None
        headers = response.headers
        version = headers.get("Stripe-Version") or stripe.api_version
        return Answer(str(response.body), observed_at(headers), version)


def is_live(key: str) -> bool:
    """Whether a key is of live mode."""
    return key[2:].startswith("_live_")


class _PacedClient(stripe.RequestsClient):
    """Every attempt waits for its turn, the library's own retries too; and a 429 is waited out."""

    def __init__(self, limiter: Limiter, timeout_seconds: float) -> None:
        super().__init__(timeout=timeout_seconds)
        self._limiter = limiter

    def request(  # type: ignore[override]  # its base has an argument more than the library's own
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        resource = "/".join(urlsplit(url).path.split("/")[:3])
        for attempt in range(_REFUSALS_MAX):
            self._limiter.wait(resource)
            began = time.monotonic()
            body, status, answered = super().request(method, url, headers, post_data)
            if status != 429:
                break
            self._limiter.hold(_seconds_to_wait(answered, attempt))
        seconds = {SECONDS: str(time.monotonic() - began)}
        return body, status, CaseInsensitiveDict({**answered, **seconds})


def _seconds_to_wait(headers: Mapping[str, str], attempt: int) -> float:
    text = headers.get("Retry-After", "")
    return float(text) if text.isdigit() else min(2.0**attempt, _WAIT_SECONDS_MAX)
