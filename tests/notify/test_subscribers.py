"""Who is handed what: subscribers, their secrets, and what cannot be one."""

from __future__ import annotations

import pytest

from api.notify.errors import SubscriberRefused, UnknownSubscriber
from ledger import Page, UnknownCursor
from tests.notify.conftest import Facts, due

URL = "https://shop.example/hooks"


def test_a_subscriber_begins_at_the_head(facts: Facts) -> None:
    """Unless it says otherwise; its secret is returned once and is in no list."""
    facts.head = 7
    subscriber, secret = facts.subscribers.add(URL, ["order.*"], name="shop")
    first, _ = facts.subscribers.add(URL, ["*"], begin="beginning")
    third, _ = facts.subscribers.add(URL, ["dispute.lost"], begin=3)

    assert (subscriber.cursor, first.cursor, third.cursor) == (7, 0, 3)
    assert subscriber.id.startswith("rcv_") and secret.startswith("whsec_")
    assert facts.subscribers.list() == [third, first, subscriber]
    assert facts.subscribers.get(subscriber.id) == subscriber
    assert secret not in repr(facts.subscribers.list())
    assert facts.subscribers.secrets(subscriber.id) == [secret]
    assert [subscriber.wants(t) for t in ("order.paid", "dispute.lost")] == [True, False]


@pytest.mark.parametrize(
    ("url", "types", "begin", "reason"),
    [
        (URL, ["order.payed"], "now", "order.paid"),
        (URL, ["orders.*"], "now", r"order\.\*"),
        (URL, [], "now", "at least one"),
        (URL, ["order.paid"], 8, "ends at 7"),
        (URL, ["order.paid"], -1, "ends at 7"),
        ("ftp://shop.example", ["order.paid"], "now", "http"),
        ("https://", ["order.paid"], "now", "http"),
        ("https://shop.example:99999/", ["order.paid"], "now", "cannot be read"),
        ("https://user:password@shop.example/", ["order.paid"], "now", "user and password"),
        ("http://169.254.169.254/latest/meta-data", ["order.paid"], "now", "metadata"),
        ("http://[::ffff:169.254.169.254]/", ["order.paid"], "now", "metadata"),
        ("http://[fe80::1]/", ["order.paid"], "now", "link-local"),
        ("http://0.0.0.0:8000/", ["order.paid"], "now", "0.0.0.0"),
    ],
)
def test_what_is_refused(facts: Facts, url: str, types: list[str], begin: int, reason: str) -> None:
    """A type that nothing declares, a URL that may not be, a position that is not in the log."""
    facts.head = 7

    with pytest.raises(SubscriberRefused, match=reason):
        facts.subscribers.add(url, types, begin=begin)

    assert facts.subscribers.list() == []


def test_after_a_rotation_two_secrets_are_valid(facts: Facts) -> None:
    """The new one and the one before; of a third rotation the newest two."""
    subscriber, first = facts.subscribers.add(URL, ["*"])
    second = facts.subscribers.rotate(subscriber.id)
    both = facts.subscribers.secrets(subscriber.id)
    third = facts.subscribers.rotate(subscriber.id)

    assert both == [second, first]
    assert facts.subscribers.secrets(subscriber.id) == [third, second]


def test_pause_resume_update_remove(facts: Facts) -> None:
    """A subscriber is changed, stands still, goes on where it stood, and is forgotten."""
    subscriber, _ = facts.subscribers.add(URL, ["*"])
    paused = facts.subscribers.pause(subscriber.id, "by hand")
    resumed = facts.subscribers.resume(subscriber.id)
    facts.subscribers.update(subscriber.id, types=["order.paid"], concurrency=2)
    facts.deliveries.add(subscriber.id, [due(1)])
    changed = facts.subscribers.get(subscriber.id)
    facts.subscribers.remove(subscriber.id)

    assert (paused.state, paused.reason) == ("paused", "by hand")
    assert resumed == subscriber
    assert (changed.types, changed.concurrency, changed.url) == (("order.paid",), 2, URL)
    assert facts.deliveries.list() == []
    with pytest.raises(UnknownSubscriber):
        facts.subscribers.get(subscriber.id)


def test_a_handler_is_one_subscriber(facts: Facts) -> None:
    """However often processes start; it begins at the head of the first start."""
    facts.head = 4
    first = facts.subscribers.add_handler("order.*")
    facts.head = 9
    again = facts.subscribers.add_handler("order.*")

    assert first == again
    assert (first.cursor, first.url, first.handler) == (4, None, "order.*")
    with pytest.raises(SubscriberRefused, match=r"HANDLERS|no secret|declared"):
        facts.subscribers.update(first.id, types=["order.paid"])


def test_of_a_row_only_the_first_is_due(facts: Facts) -> None:
    """The others wait for their turn, however they were added; what is known is not added again."""
    subscriber, _ = facts.subscribers.add(URL, ["*"])
    added = facts.deliveries.add(subscriber.id, [due(1, "a"), due(2, "a"), due(3, "b")])
    again = facts.deliveries.add(subscriber.id, [due(2, "a"), due(4, "a"), due(5, "c")])
    listed = facts.deliveries.list(subscriber=subscriber.id)

    assert (added, again) == (3, 2)
    assert [each.position for each in listed if each.due_at is not None] == [5, 3, 1]
    assert len(listed) == 5


def test_attempts_of_nothing(facts: Facts) -> None:
    """An empty list has no page more, and takes no foreign cursor."""
    assert facts.attempts.list() == Page([], has_more=False)
    with pytest.raises(UnknownCursor):
        facts.attempts.list(starting_after="evt_1")
