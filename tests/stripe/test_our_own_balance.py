"""The balance of our own Stripe: what moved it, listed as Stripe lists it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from api.simulator import START, Story, story
from api.simulator.stripe import Stripe
from tests.stripe.conftest import DAY, KEYS, Clock, Service
from tests.stripe.test_our_own_stripe import listed

NAMES = (
    "destination_charge_refunded",
    "dispute_won",
    "payout_canceled",
    "payout_of_a_week",
    "payout_paid_then_failed",
    "refund_that_fails",
    "settled_in_another_currency",
    "topup_reversed",
    "transfer_reversed_twice",
)


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    """Each story in which money moves in a way of its own."""
    return [story(name, keeps_states=True, start=START + n) for n, name in enumerate(NAMES)]


@pytest.fixture
def service(stories: list[Story]) -> Iterator[Service]:
    """Our own Stripe when all of them are over."""
    clock = Clock(START + 120 * DAY)
    own = Stripe(stories, KEYS, clock=clock, rate_max=10_000)
    with own.serving() as base:
        yield Service(own, base, clock)


def of_story(stories: list[Story], name: str) -> dict[str, Any]:
    """The balance transactions of a story, by type."""
    [chosen] = [each for each in stories if each.name == name]
    return {each.transaction.type: each.transaction for each in chosen.movements}


def test_every_movement_is_listed_once(service: Service, stories: list[Story]) -> None:
    """Newest first, each with net = amount − fee, and the fee in its parts."""
    items = listed(service.client(), "balance_transactions", limit=7)
    ids = [each.transaction.id for a_story in stories for each in a_story.movements]

    assert sorted(item["id"] for item in items) == sorted(ids)
    assert [i["created"] for i in items] == sorted((i["created"] for i in items), reverse=True)
    for item in items:
        assert item["net"] == item["amount"] - item["fee"]
        assert item["fee"] == sum(part["amount"] for part in item["fee_details"])


def test_objects_name_their_balance_transaction(service: Service, stories: list[Story]) -> None:
    """Every id of one that an event names is one that is listed, and names the object."""
    client = service.client()
    sources = {i["id"]: i["source"] for i in listed(client, "balance_transactions", limit=100)}
    for a_story in stories:
        for event in a_story.events:
            shown = event["data"]["object"]
            for name in ("balance_transaction", "failure_balance_transaction"):
                if shown.get(name) is not None:
                    assert sources[shown[name]] == shown["id"], (a_story.name, event["type"])


def test_a_payout_is_made_of_its_transactions(service: Service, stories: list[Story]) -> None:
    """Their net, without the payout's own line, is its amount; a manual one does not tell."""
    client = service.client()
    [week] = [each for each in stories if each.name == "payout_of_a_week"]
    payout = week.events[-1]["data"]["object"]
    items = listed(client, "balance_transactions", payout=payout["id"])
    parts = [item for item in items if item["source"] != payout["id"]]

    assert {item["type"] for item in parts} == {"charge", "refund", "adjustment", "stripe_fee"}
    assert sum(item["net"] for item in parts) == payout["amount"]
    assert len(parts) == len(items) - 1 == len(week.movements) - 2
    manual = of_story(stories, "payout_canceled")["payout"].source
    with pytest.raises(stripe.InvalidRequestError, match="only be filtered on automatic"):
        listed(client, "balance_transactions", payout=manual)


def test_pending_becomes_available(service: Service, stories: list[Story]) -> None:
    """At the time that it said, and nothing else of it changes."""
    line = of_story(stories, "refund_that_fails")["charge"]
    states = []
    for seconds in (line.created, line.available_on - 1, line.available_on):
        service.clock.seconds = seconds
        response = service.client().raw_request("get", f"/v1/balance_transactions/{line.id}")
        states.append(dict(response.data))

    assert [state.pop("status") for state in states] == ["pending", "pending", "available"]
    assert states[0] == states[1] == states[2]


def test_sources_are_shown_whole_where_asked(service: Service, stories: list[Story]) -> None:
    """The object that moved the money; of a reversal it names the transfer, of a fee the fee."""
    client = service.client()
    whole = listed(client, "balance_transactions", limit=100, expand=["data.source"])
    plain = listed(client, "balance_transactions", limit=100)
    by_type = {item["type"]: item["source"] for item in whole}

    assert [i["source"] and i["source"]["id"] for i in whole] == [i["source"] for i in plain]
    assert by_type["transfer_refund"]["transfer"].startswith("tr_")
    assert by_type["application_fee_refund"]["fee"].startswith("fee_")
    assert by_type["stripe_fee"] is None
    line = of_story(stories, "topup_reversed")["topup"]
    path = f"/v1/balance_transactions/{line.id}"
    single = client.raw_request("get", path, expand=["source"])
    assert single.data["source"]["object"] == "topup"


def test_a_conversion_has_its_rate(service: Service, stories: list[Story]) -> None:
    """The transaction is in the balance's currency, each with the rate of its day."""
    client = service.client()
    lines = of_story(stories, "settled_in_another_currency")
    for name, rate in (("charge", 0.924517), ("refund", 0.91)):
        item = client.raw_request("get", f"/v1/balance_transactions/{lines[name].id}").data
        assert (item["currency"], item["exchange_rate"]) == ("eur", rate)


def test_created_and_type_filter(service: Service) -> None:
    """As every list; what a list does not know is refused."""
    client = service.client()
    everything = listed(client, "balance_transactions", limit=100)
    middle = everything[len(everything) // 2]["created"]
    later = listed(client, "balance_transactions", limit=100, created={"gte": middle})
    refunds = listed(client, "balance_transactions", type="refund")

    assert later == [item for item in everything if item["created"] >= middle]
    assert refunds == [item for item in everything if item["type"] == "refund"] != []
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: colour"):
        listed(client, "balance_transactions", colour="red")
