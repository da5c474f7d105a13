"""Notifications over HTTP: the list and its filters, one of them, and handing one out again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from api.notify.deliveries import Due
from api.notify.tables import DELIVERIES
from api.simulator import STORIES, story
from ledger.database import write_transaction
from projections import notification_types
from tests.api.client import ApiClient, problem
from tests.api.deliveries import NOW, charge

ITEM = {
    "object", "id", "type", "kind", "object_id", "position", "ordinal", "late", "holds", "history",
    "cause", "created", "account", "livemode",
}  # fmt: skip


@pytest.fixture(scope="module")
def notifications(shared: ApiClient) -> list[dict[str, Any]]:
    """Everything that becomes true in some stories, upwards."""
    for name in sorted(STORIES)[::3]:
        shared.store(*story(name).events)
    items, position = [], 0
    while page := shared.items(f"/v1/notifications?limit=100&position[gt]={position}"):
        items += page
        position = page[-1]["position"]
    return items


def test_an_item(client: ApiClient) -> None:
    """It names the row, the condition and the event at which it became true."""
    client.store(paid := charge(1))
    [item] = client.items("/v1/notifications?type=order.paid")

    assert set(item) == ITEM
    assert item["object"] == "notification" and item["id"].startswith("ntf_")
    assert (item["object_id"], item["position"], item["ordinal"]) == ("ch_1", 1, 1)
    assert (item["late"], item["holds"], item["history"]) == (False, True, False)
    assert item["created"] == paid["created"] and item["account"] is None
    assert item["cause"] == {
        "event": paid["id"],
        "type": "charge.succeeded",
        "created": paid["created"],
        "position": 1,
    }


def test_what_is_no_news_is_history(client: ApiClient) -> None:
    """An event that was created long before it is received."""
    old = charge(1)
    old["created"] = NOW - client.settings.notify_max_age - 60
    client.store(old, charge(2))
    history = {item["object_id"]: item["history"] for item in client.items("/v1/notifications")}

    assert history == {"ch_1": True, "ch_2": False}


def test_newest_first_and_upwards(shared: ApiClient, notifications: list[dict[str, Any]]) -> None:
    """Pages hold each item once, in both directions, and lead back."""
    newest_first = paged(shared, "/v1/notifications?limit=7")

    assert len(notifications) > 30
    assert newest_first == notifications[::-1]
    assert paged(shared, "/v1/notifications?limit=7&position[gt]=0") == notifications
    last = newest_first[20]["id"]
    before = shared.items(f"/v1/notifications?limit=20&ending_before={last}")
    assert before == newest_first[:20]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_filters(
    shared: ApiClient, notifications: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Any of them together give what the whole list has of it."""
    chosen = data.draw(st.sampled_from(notifications))
    object = chosen["type"].partition(".")[0]
    exact = {
        "type": chosen["type"],
        "object_id": chosen["object_id"],
        "livemode": chosen["livemode"],
    }
    wanted = {name: exact[name] for name in data.draw(st.sets(st.sampled_from(sorted(exact))))}
    expected = [
        item for item in notifications if all(item[name] == wanted[name] for name in wanted)
    ]
    query = {
        name: str(value).lower() if name == "livemode" else value for name, value in wanted.items()
    }
    if "type" not in wanted and data.draw(st.booleans()):
        query["type"] = f"{object}.*"
        expected = [item for item in expected if item["type"].partition(".")[0] == object]
    if data.draw(st.booleans()):
        query["created[gte]"] = chosen["created"]
        expected = [item for item in expected if item["created"] >= chosen["created"]]
    if data.draw(st.booleans()):
        query["account"] = chosen["account"] or "self"
        expected = [item for item in expected if item["account"] == chosen["account"]]
    parameters = "&".join(f"{name}={value}" for name, value in query.items())

    assert paged(shared, f"/v1/notifications?limit=9&{parameters}") == expected[::-1]


def paged(client: ApiClient, path: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items: list[dict[str, Any]] = []
    while True:
        cursor = f"&starting_after={items[-1]['id']}" if items else ""
        page = client.get(path + cursor).get_json()
        items += page["data"]
        if not page["has_more"]:
            return items


def test_one(shared: ApiClient, notifications: list[dict[str, Any]]) -> None:
    """It is what the list shows, with an ETag and how far the feed has read."""
    response = shared.get(f"/v1/notifications/{notifications[3]['id']}")

    assert response.get_json() == notifications[3]
    assert response.headers["Ledger-Position"] == str(shared.position)
    again = shared.get(
        f"/v1/notifications/{notifications[3]['id']}",
        headers={"If-None-Match": response.headers["ETag"]},
    )
    assert again.status_code == 304
    problem(shared.get("/v1/notifications/ntf_unknown"), 404)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("type=order.payd", "type"),
        ("type=charge.succeeded", "type"),
        ("starting_after=ntf_unknown", "starting_after"),
        ("position[lt]=4", "position[lt]"),
        ("status=paid", "status"),
        ("account=*", "account"),
    ],
)
def test_wrong_parameters(shared: ApiClient, query: str, parameter: str) -> None:
    """Each is refused by its name, and none is ignored."""
    document = problem(shared.get(f"/v1/notifications?{query}"), 422)

    assert [error["parameter"] for error in document["errors"]] == [parameter]


def test_no_cursor_is_known_before_there_is_a_notification(client: ApiClient) -> None:
    """Whether a ledger that has read nothing yet is asked, or another one."""
    problem(client.get("/v1/notifications?ending_before=ntf_unknown"), 422)


def test_near_types_are_named(shared: ApiClient) -> None:
    """A type that no kind declares is refused with those that resemble it."""
    document = problem(shared.get("/v1/notifications?type=order.payd"), 422)

    assert "order.paid" in document["errors"][0]["message"]


def test_types_are_described(shared: ApiClient) -> None:
    """OpenAPI and the docs page have every type that a kind declares, with its meaning."""
    document = shared.http.get("/openapi.json").get_json()
    [type_] = [
        parameter
        for parameter in document["paths"]["/v1/notifications"]["get"]["parameters"]
        if parameter["name"] == "type"
    ]
    page = shared.http.get("/docs").text

    assert set(type_["schema"]["enum"]) > set(notification_types())
    assert all(f"<code>{type}</code>" in page for type in notification_types())


def test_retry(client: ApiClient) -> None:
    """What was given up is due again; what was delivered is not, nor what is unknown."""
    client.store(charge(1))
    [item] = client.items("/v1/notifications?type=order.paid")
    subscriber, _ = client.notify.subscribers.add("https://shop.example/in", ["order.paid"])
    path = f"/v1/notifications/{item['id']}/retry"

    problem(client.post(path), 409)
    due = Due(item["id"], "order.paid", 1, 0, b"row", b"{}")
    client.notify.deliveries.add(subscriber.id, [due])
    set_state(client, "given_up")
    response = client.post(path)
    assert response.status_code == 202
    assert response.get_json() == {"object": "retry", "notification": item["id"], "deliveries": 1}
    [delivery] = client.notify.deliveries.list(notification=item["id"])
    assert delivery.state == "pending" and delivery.due_at is not None

    set_state(client, "delivered")
    problem(client.post(path), 409)
    problem(client.post("/v1/notifications/ntf_unknown/retry"), 404)


def set_state(client: ApiClient, state: str) -> None:
    """Say of every delivery that it has ended."""
    with write_transaction(client.notify.feed.engine) as connection:
        connection.execute(update(DELIVERIES).values(state=state, due_at=None))
