"""Our own Stripe, asked by Stripe's library: pages, filters, refusals, errors."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from api.simulator import START, Story
from api.simulator.stripe import RESOURCES, RETENTION_SECONDS, Fault, Key, Request, Stripe
from tests.stripe.conftest import DAY, KEYS, LIVE_KEY, RESTRICTED_KEY, TEST_KEY, Clock, Service


def events_of(stories: list[Story], account: str | None, livemode: bool) -> list[dict[str, Any]]:
    """The events of an account and a mode."""
    return [
        event
        for story in stories
        for event in story.events
        if (event.get("account") or event.get("context")) == account
        and event["livemode"] is livemode
    ]


def connected_account(stories: list[Story]) -> str:
    """The connected account that most stories are about."""
    names = [event["account"] for story in stories for event in story.events if "account" in event]
    return str(max(set(names), key=names.count))


def listed(client: stripe.StripeClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """All that a list has, page by page."""
    items: list[dict[str, Any]] = []
    while True:
        response = client.raw_request("get", f"/v1/{path}", **params)
        items += response.data["data"]
        if not response.data["has_more"]:
            return items
        params["starting_after"] = items[-1]["id"]


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_events_are_paged_newest_first(service: Service, stories: list[Story], limit: int) -> None:
    """All pages together have each event of the last 30 days once, whatever their size."""
    until, since = service.clock(), service.clock() - RETENTION_SECONDS
    events = events_of(stories, None, False)
    expected = {event["id"] for event in events if since <= event["created"] <= until}
    params = {"limit": limit, "created": {"gte": START + 20 * DAY}} if limit == 1 else {}
    if limit == 1:
        expected = {e["id"] for e in events if START + 20 * DAY <= e["created"] <= until}
    pages = listed(service.client(), "events", **{"limit": limit, **params})

    assert {event["id"] for event in pages} == expected
    assert len(pages) == len(expected)
    assert [e["created"] for e in pages] == sorted((e["created"] for e in pages), reverse=True)


def test_the_library_pages_by_itself_both_ways(service: Service) -> None:
    """Auto-paging, and paging back from the last page, give the same events."""
    client = service.client()
    forwards = [event.id for event in client.v1.events.list({"limit": 50}).auto_paging_iter()]
    last = client.v1.events.list({"limit": 50, "ending_before": forwards[-1]})
    backwards = [event.id for event in last.auto_paging_iter()]

    assert len(forwards) > 100
    assert backwards[::-1] == forwards[:-1]


def test_events_older_than_30_days_are_gone(service: Service) -> None:
    """Neither a list nor a retrieval has them; a cursor that names one is refused."""
    client = service.client()
    oldest = list(client.v1.events.list({"limit": 100}).auto_paging_iter())[-1]
    service.clock.seconds = oldest.created + RETENTION_SECONDS + 1

    assert oldest.id not in {event["id"] for event in listed(client, "events", limit=100)}
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        client.v1.events.retrieve(oldest.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        client.v1.events.list({"starting_after": oldest.id})


def test_types_and_times_filter_events(service: Service) -> None:
    """`type` with or without a star, `types`, and bounds of `created`."""
    client = service.client()
    everything = listed(client, "events", limit=100)
    newest = everything[0]["created"]

    def ids(**params: Any) -> set[str]:
        return {event["id"] for event in listed(client, "events", limit=100, **params)}

    def expected(prefix: tuple[str, ...]) -> set[str]:
        return {event["id"] for event in everything if event["type"].startswith(prefix)}

    assert ids(type="charge.succeeded") == expected(("charge.succeeded",)) != set()
    assert ids(type="invoice.*") == expected(("invoice.",)) != set()
    assert ids(types=["payout.paid", "payout.failed"]) == expected(("payout.paid", "payout.failed"))
    assert ids(created={"lt": newest}) | ids(created=newest) == {e["id"] for e in everything}


def test_accounts_and_modes_are_apart(service: Service, stories: list[Story]) -> None:
    """A key sees its mode, a request the account that it names, whose events do not repeat it."""
    account = connected_account(stories)
    service.clock.seconds = START + 12 * DAY
    until = service.clock()
    for key, livemode in ((TEST_KEY, False), (LIVE_KEY, True)):
        for name in (None, account):
            options = {"stripe_account": name} if name else {}
            pages = listed(service.client(key), "events", limit=100, **options)
            expected = [e for e in events_of(stories, name, livemode) if e["created"] <= until]
            assert {e["id"] for e in pages} == {e["id"] for e in expected} != set()
            assert not any("account" in event for event in pages)


def test_connected_accounts_are_listed(service: Service, stories: list[Story]) -> None:
    """Each whose events are told, but those that took their access away again."""
    accounts = {account["id"] for account in listed(service.client(), "accounts", limit=100)}
    until = service.clock()
    access_of: dict[str, str] = {}
    for event in sorted(
        (event for story in stories for event in story.events), key=lambda event: event["created"]
    ):
        name = event.get("account") or event.get("context")
        if name and not event["livemode"] and event["created"] <= until:
            is_access = event["type"].startswith("account.application.")
            access_of[name] = event["type"] if is_access else access_of.get(name, "")
    gone = {name for name, access in access_of.items() if access.endswith("deauthorized")}

    assert accounts == access_of.keys() - gone
    assert gone
    with pytest.raises(stripe.PermissionError, match="Application access may have been revoked"):
        listed(service.client(), "events", stripe_account=gone.pop())


def test_every_kind_is_listed_and_retrieved(service: Service) -> None:
    """What a list has is what a retrieval gives, newest first, each kind in its own place."""
    client = service.client()
    service.clock.seconds += 90 * DAY
    empty = []
    for path in RESOURCES:
        if path in ("webhook_endpoints", "events"):
            continue
        items = listed(client, path, limit=100)
        created = [item["created"] for item in items]
        assert created == sorted(created, reverse=True), path
        for item in items[:3]:
            single = client.raw_request("get", f"/v1/{path}/{item['id']}")
            assert single.data == item
        empty += [] if items else [path]

    assert empty == []


@pytest.mark.parametrize("path", ["payouts", "charges", "invoices"])
def test_an_object_is_as_it_stands_now(service: Service, stories: list[Story], path: str) -> None:
    """At the second of an object's newest event it is what that event shows, in its version."""
    name = path.removesuffix("s")
    newest = {
        event["data"]["object"]["id"]: event
        for event in events_of(stories, None, False)
        if event["data"]["object"]["object"] == name and not event["type"].endswith("deleted")
    }
    assert len(newest) > 3
    for id, event in newest.items():
        service.clock.seconds = event["created"]
        version = {"stripe_version": event["api_version"]}
        response = service.client().raw_request("get", f"/v1/{path}/{id}", **version)
        assert response.data == event["data"]["object"]


def test_canceled_subscriptions_are_left_out(service: Service) -> None:
    """Unless they are asked for by `status`."""
    client = service.client()
    usual = listed(client, "subscriptions", limit=100)
    everything = listed(client, "subscriptions", limit=100, status="all")
    canceled = listed(client, "subscriptions", limit=100, status="canceled")

    assert canceled and all(item["status"] == "canceled" for item in canceled)
    assert {item["id"] for item in usual} == (
        {item["id"] for item in everything} - {item["id"] for item in canceled}
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": 101}, "between 1 and 100"),
        ({"limit": "many"}, "Invalid integer"),
        ({"colour": "red"}, "unknown parameter: colour"),
        ({"created": {"after": 1}}, "unknown parameter"),
        ({"starting_after": "evt_none"}, "No such event"),
    ],
)
def test_wrong_parameters_are_refused(service: Service, params: Any, message: str) -> None:
    """Each with Stripe's words."""
    with pytest.raises(stripe.InvalidRequestError, match=message):
        service.client().v1.events.list(params)


def test_keys_are_judged(service: Service) -> None:
    """401 for an unknown key; 403 names the permission that a restricted one lacks, not the key."""
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided"):
        service.client(Key("sk_test_nobody_has_this")).v1.events.list()
    assert service.client(RESTRICTED_KEY).v1.events.list().data
    with pytest.raises(stripe.PermissionError) as raised:
        service.client(RESTRICTED_KEY).v1.charges.list()
    assert "charge_read" in str(raised.value)
    assert RESTRICTED_KEY.secret not in str(raised.value)


def test_too_many_requests_are_refused(service: Service) -> None:
    """429 with Retry-After, which the library does not retry."""
    service.simulator.faults.add(Fault("rate_limited", seconds=3))
    with pytest.raises(stripe.RateLimitError) as raised:
        service.client().v1.events.list()

    assert (raised.value.headers or {})["Retry-After"] == "3"
    assert len(service.simulator.requests) == 1


def test_it_answers_so_many_requests_a_second(stories: list[Story]) -> None:
    """No more than its limit, however fast they come; in the next second it does again."""
    real_clock = Clock(0)
    own = Stripe(stories, KEYS, clock=Clock(), rate_max=3, real_clock=real_clock)
    request = Request("GET", "/v1/events", {}, TEST_KEY.secret)
    answers = [own.handle(request) for _ in range(5)]
    assert [answer and answer.status for answer in answers] == [200, 200, 200, 429, 429]
    real_clock.seconds += 1
    again = own.handle(request)
    assert again is not None and again.status == 200 and own.refused == 2


@pytest.mark.parametrize("kind", ["error", "silence", "lost"])
def test_the_library_retries_what_passes(service: Service, kind: Any) -> None:
    """A 500, a timeout and a lost answer are asked again."""
    service.simulator.faults.add(Fault(kind, "/v1/events"))

    assert service.client().v1.events.list().data
    assert len(service.simulator.requests) == 2
