"""One attempt: over HTTP, or by a handler; it always ends with a result."""

from __future__ import annotations

import time
from collections.abc import Callable

from api.notify.claims import Claimed, Recipient
from api.notify.http import Http
from api.notify.results import Result

__all__ = ["Deliver", "by_http"]

# Makes one attempt; never raises.
Deliver = Callable[[Recipient, Claimed], Result]


def by_http(http: Http) -> Deliver:
    """Attempts that post a delivery to its subscriber's URL."""

    def deliver(recipient: Recipient, claimed: Claimed) -> Result:
        started_at, started = time.time_ns() // 1000, time.monotonic()
        url = recipient.subscriber.url
        assert url is not None
        answer = http.post(url, recipient.secrets, claimed.notification, claimed.body)
        return Result(
            claimed,
            started_at,
            round((time.monotonic() - started) * 1000),
            "delivered" if answer.error is None else "failed",
            answer.status,
            answer.text,
            answer.error,
            answer.retry_after,
            answer.is_gone,
        )

    return deliver
