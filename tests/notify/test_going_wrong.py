"""What nobody expects: an error in the notifier, an attempt that raises, a log that went back."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import pytest

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.filling import Filler
from api.notify.http import Http
from api.notify.notifier import Notifier
from api.notify.sender import Sender
from projections import Feed, LeaderLease
from tests.notify.conftest import Facts, due
from tests.notify.receiver import receiving

_SECONDS_MAX = 20.0


class Leading:
    """A leader's lease that is held."""

    def is_held(self) -> bool:
        return True

    def release(self) -> None:
        """Held until then."""


class Failing:
    """A feed that cannot be read on, for a reason that is a fault of the code."""

    def follow(self) -> int:
        raise ZeroDivisionError("a fault")


def test_a_fault_in_reading_the_feed_ends_the_notifier(facts: Facts) -> None:
    """It is started again, and that is seen: one that only sends would fall silent for ever."""
    sender = Sender(facts.engine, networks=Networks.read(DEFAULT_NETWORKS))
    notifier = Notifier(
        cast(Feed, Failing()),
        cast(Filler, None),
        sender,
        cast(LeaderLease, Leading()),
        lambda: None,
    )
    stop, raised = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            notifier.run(stop)
        except ZeroDivisionError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(_SECONDS_MAX / 4)
    stop.set()
    thread.join(_SECONDS_MAX)

    assert [str(error) for error in raised] == ["a fault"]


def test_an_attempt_that_raises_is_one_that_failed(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded and tried again: else its sender would have it as long as it lives."""
    post = Http.post

    def fail_first(self: Http, *arguments: Any) -> Any:
        if arguments[2] == "ntf_1":
            raise ZeroDivisionError("a fault")
        return post(self, *arguments)

    monkeypatch.setattr(Http, "post", fail_first)
    with receiving() as receiver:
        subscriber, _ = facts.subscribers.add(receiver.url, ["*"])
        facts.deliveries.add(subscriber.id, [due(1), due(2)])
        sender = Sender(facts.engine, networks=Networks.read(DEFAULT_NETWORKS))
        deadline = time.monotonic() + _SECONDS_MAX / 4
        while facts.subscribers.get(subscriber.id).failed == 0 and time.monotonic() < deadline:
            sender.send()
        [waiting] = facts.deliveries.list(notification="ntf_1")
        [attempt] = facts.attempts.list(notification="ntf_1").items
        sender.stop()

    assert (waiting.state, waiting.attempts) == ("pending", 1) and waiting.due_at is not None
    assert (attempt.outcome, attempt.error) == ("failed", "ZeroDivisionError: a fault")
