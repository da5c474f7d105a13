"""What the demo withholds, and what it says that it does not compare."""

from __future__ import annotations

import copy

from api.demo.comparison import differences
from api.demo.withheld import Way, Withheld
from api.simulator import START, Story, story
from api.simulator.stripe import Key, Stripe

DAY = 86_400
PRESENT = START + 30 * DAY
KEY = Key("sk_test_of_the_demo")


def withheld(way: Way, *stories: Story) -> Withheld:
    """An outage of ten days up to now, or another way."""
    stripe = Stripe(stories, [KEY], clock=lambda: PRESENT)
    return Withheld(way, 10, PRESENT, list(stories), stripe, KEY)


def happened(name: str, days_ago: int, *, livemode: bool = False) -> Story:
    """A story that began some days ago."""
    start = PRESENT - days_ago * DAY
    return story(name, start=start, livemode=livemode, keeps_states=True)


def test_an_account_that_took_its_access_away_is_not_compared() -> None:
    """Nobody can ask for its events any more; one that gave access again is compared."""
    lost, returned = happened("access_taken", 5), happened("access_given_taken_given", 15)
    outage = withheld(Way.OUTAGE, lost, returned)
    [account] = {event["account"] for event in lost.events}
    accounts = [each.truth()["accounts"] for each in (lost, returned)]
    expected, _ = outage.comparable({"accounts": {**accounts[0], **accounts[1]}}, {})
    assert expected == {"accounts": accounts[1]}
    assert outage.known_stories() == [returned]
    [line] = outage.left_out()
    assert account in line and "account.application.deauthorized" in line


def test_what_came_before_the_outage_is_compared() -> None:
    """Nothing is withheld of an account that took its access away before."""
    outage = withheld(Way.OUTAGE, happened("access_taken", 20))
    assert outage.left_out() == []
    assert [len(list(outage.delivered(each))) for each in outage.stories] == [3]


def test_an_outage_withholds_its_days() -> None:
    """Of the test mode, what is older than five minutes; what is yet to come is delivered."""
    lost, live = (happened("authorised_then_captured", 5, livemode=mode) for mode in (False, True))
    outage = withheld(Way.OUTAGE, lost, live)
    assert list(outage.delivered(lost)) == [e for e in lost.events if e["created"] > PRESENT - 310]
    assert list(outage.delivered(live)) == list(live.events)
    coming = happened("authorised_then_captured", -1)
    assert list(outage.delivered(coming)) == list(coming.events)


def test_a_wrong_row_is_found_all_the_same() -> None:
    """What is left out is only what is declared."""
    paid = happened("authorised_then_captured", 300)
    history = withheld(Way.HISTORY, paid)
    assert list(history.delivered(paid)) == []
    rows = copy.deepcopy(paid.truth())
    [order] = rows["orders"].values()
    order["paid_at"] = None
    assert differences(*history.comparable(paid.truth(), rows)) == []
    order["amount_received"] += 1
    [difference] = differences(*history.comparable(paid.truth(), rows))
    assert difference.field == "amount_received"
    assert history.left_out()
