"""include=object: the newest Stripe object behind a row, as Stripe sent it."""

from __future__ import annotations

from api.simulator import API_VERSIONS, STORIES, story
from projections import KINDS, RowSelector
from tests.projections.cases import changed, event, sub
from tests.projections.histories import Json, Store, shuffled

# Kinds whose rows are one object each, told by events of its own in every version.
OF_ONE_OBJECT = ("subscriptions", "invoices", "disputes", "payouts")


def test_the_snapshot_is_the_last_one_that_stripe_sent(store: Store) -> None:
    """Delivered shuffled: the object of the event that happened last, with every key it has."""
    stories = [story(name, index=n) for n, name in enumerate(STORIES)]
    events = [event for each_story in stories for event in each_story.events]
    store.deliver(shuffled(events, seed=4))
    last: dict[str, Json] = {}
    for each in events:
        # Of twins, which are one change, either may speak: in one version they are alike.
        last[each["data"]["object"]["id"]] = each["data"]["object"]

    for kind in OF_ONE_OBJECT:
        for _, _, id in store.rows()[kind]:
            assert store.projections.snapshot(kind, id) == last[id], (kind, id)


def test_every_row_has_a_snapshot_and_every_past_one_too(store: Store) -> None:
    """Of every kind, now and as of the row's first second; keys that nobody reads are there."""
    stories = [story(name, index=n, api_version=API_VERSIONS) for n, name in enumerate(STORIES)]
    store.deliver([event for each_story in stories for event in each_story.events])

    for kind in KINDS:
        for row in store.items(kind):
            selector = RowSelector(livemode=row["livemode"])
            newest = store.projections.snapshot(kind, row["id"], selector)
            assert newest is not None and newest["object"] in KINDS[kind].member_names


def test_a_snapshot_of_the_past_is_the_newest_of_then(store: Store) -> None:
    """as_of and at_position choose among the events, as they do for the row."""
    store.deliver([
        changed(300, "past_due", odd={"a": [1, None]}),
        event("customer.subscription.created", 100, sub("active", odd=1.5)),
    ])  # fmt: skip
    ask = store.projections.snapshot

    assert ask("subscriptions", "sub_1") == sub("past_due", odd={"a": [1, None]})
    assert ask("subscriptions", "sub_1", RowSelector(as_of=299)) == sub("active", odd=1.5)
    first = RowSelector(at_position=1)
    assert ask("subscriptions", "sub_1", first) == sub("past_due", odd={"a": [1, None]})
