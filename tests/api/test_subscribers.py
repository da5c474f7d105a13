"""Subscribers and attempts over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from api.notify.attempts import Attempt, add_attempts
from api.notify.tables import SUBSCRIBERS
from ledger.database import write_transaction
from tests.api.client import ApiClient, problem
from tests.api.deliveries import charge

PATH = "/v1/subscribers"
URL = "https://shop.example/in"
BODY = {"url": URL, "types": ["order.*", "dispute.lost"]}


@pytest.fixture
def read_key(client: ApiClient) -> str:
    return client.keys.create("reader", "read")[1]


def added(client: ApiClient, **changes: Any) -> dict[str, Any]:
    response = client.post(PATH, json={**BODY, **changes})
    assert response.status_code == 201, response.text
    assert response.headers["Location"] == f"{PATH}/{response.json['id']}"  # type: ignore[index]
    document: dict[str, Any] = response.get_json()
    return document


def test_add(client: ApiClient) -> None:
    """The answer has the id and, this once, the secret, which then signs."""
    client.store(charge(1), charge(2))
    document = added(client, name="shop", history=True)
    secret = document.pop("secret")

    assert document["id"].startswith("rcv_") and secret.startswith("whsec_")
    assert client.notify.subscribers.secrets(document["id"]) == [secret]
    assert {**document, **BODY, "name": "shop", "history": True} == document
    assert (document["status"], document["position"], document["begins_at"]) == ("active", 2, 2)
    assert client.get(f"{PATH}/{document['id']}").get_json() == document
    assert client.items(PATH) == [document]


@pytest.mark.parametrize(("begin", "position"), [("now", 2), ("beginning", 0), (1, 1), (2, 2)])
def test_where_it_begins(client: ApiClient, begin: Any, position: int) -> None:
    """At the head, at the first event, or behind a position."""
    client.store(charge(1), charge(2))

    assert added(client, **{"from": begin})["position"] == position


# What is changed of a proper body, the parameter that is named, and a part of what is said.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"types": ["order.payd"]}, "types", "order.paid"),
    ({"types": []}, "types", "at least one"),
    ({"types": "order.paid"}, "types", "list"),
    ({"types": [7]}, "types", "string"),
    ({"url": "ftp://shop.example"}, "url", "http"),
    ({"url": "http://169.254.169.254/latest"}, "url", "not allowed"),
    ({"url": "https://user:word@shop.example/"}, "url", "user"),
    ({"url": 7}, "url", "string"),
    ({"from": 3}, "from", "ends at 2"),
    ({"from": -1}, "from", "position"),
    ({"from": True}, "from", "position"),
    ({"from": ["now"]}, "from", "position"),
    ({"history": "true"}, "history", "true or false"),
    ({"concurrency": 65}, "concurrency", "64"),
    ({"concurrency": True}, "concurrency", "whole"),
    ({"secret": "whsec_mine"}, "secret", "not a parameter"),
]


def test_refused(client: ApiClient) -> None:
    """A wrong member is named with what is wrong, and nothing is added."""
    client.store(charge(1), charge(2))
    for changes, parameter, message in REFUSED:
        document = problem(client.post(PATH, json={**BODY, **changes}), 422)

        [error] = document["errors"]
        assert error["parameter"] == parameter and message in error["message"]
    assert client.items(PATH) == []


def test_no_json_object(client: ApiClient) -> None:
    """A body that is no JSON object, or has a member twice, is refused."""
    for body in (b"", b"[]", b"{", b'{"url":"a","url":"b"}', b"\xff"):
        response = client.post(PATH, data=body, content_type="application/json")

        assert problem(response, 422)["errors"][0]["parameter"] == "body"


def test_other_media_types(client: ApiClient) -> None:
    """A form is no JSON, whatever is in it."""
    problem(client.post(PATH, data=b'{"url":"x"}', content_type="text/plain"), 415)


def test_too_large(client: ApiClient) -> None:
    """A body has a limit."""
    body = b" " * (client.settings.max_body + 2)
    problem(client.post(PATH, data=body, content_type="application/json"), 413)


def test_change(client: ApiClient) -> None:
    """What the body names is changed, and nothing else."""
    before = added(client)
    del before["secret"]
    changes = {"url": "http://10.0.0.7/in", "types": ["refund.*"], "name": "n", "history": True}
    for name, value in changes.items():
        after = client.post(f"{PATH}/{before['id']}", json={name: value}).get_json()
        assert after == {**before, name: value}
        before = after
    assert client.get(f"{PATH}/{before['id']}").get_json() == before


def test_pause_and_resume(client: ApiClient) -> None:
    """By its status; one that was disabled is active again."""
    path = f"{PATH}/{added(client)['id']}"

    assert client.post(path, json={"status": "paused"}).get_json()["status"] == "paused"
    assert client.post(path, json={"status": "active"}).get_json()["status"] == "active"
    with write_transaction(client.notify.feed.engine) as connection:
        connection.execute(update(SUBSCRIBERS).values(state="disabled", reason="410"))
    resumed = client.post(path, json={"status": "active"}).get_json()
    assert (resumed["status"], resumed["reason"]) == ("active", None)
    assert problem(client.post(path, json={"status": "disabled"}), 422)["errors"]


def test_a_refused_change_changes_nothing(client: ApiClient) -> None:
    """A wrong member beside a right one."""
    path = f"{PATH}/{added(client)['id']}"
    before = client.get(path).get_json()

    problem(client.post(path, json={"name": "new", "types": ["nothing.such"]}), 422)
    problem(client.post(path, json={"name": "new", "url": "http://169.254.1.1/"}), 422)
    assert client.get(path).get_json() == before


def test_without_a_secret(client: ApiClient) -> None:
    """An imported subscriber stays paused until its secret is rotated."""
    path = f"{PATH}/{added(client)['id']}"
    with write_transaction(client.notify.feed.engine) as connection:
        connection.execute(update(SUBSCRIBERS).values(secrets="[]", state="paused"))

    document = problem(client.post(path, json={"status": "active"}), 422)
    assert document["errors"][0]["parameter"] == "status"


def test_delete(client: ApiClient) -> None:
    """It is gone with what was handed to it."""
    id = added(client)["id"]
    attempt(client, subscriber=id)

    response = client.delete(f"{PATH}/{id}")
    assert response.get_json() == {"object": "subscriber", "id": id, "deleted": True}
    for method in (client.get, client.delete):
        problem(method(f"{PATH}/{id}"), 404)
    problem(client.post(f"{PATH}/{id}", json={}), 404)
    assert client.items(PATH) == client.items("/v1/attempts") == []


def test_the_list_is_paged(client: ApiClient) -> None:
    """Newest first, by ids."""
    ids = [added(client)["id"] for _ in range(5)][::-1]

    assert [each["id"] for each in client.items(f"{PATH}?limit=2")] == ids[:2]
    after = client.items(f"{PATH}?limit=2&starting_after={ids[1]}")
    assert [each["id"] for each in after] == ids[2:4]
    problem(client.get(f"{PATH}?starting_after=rcv_x"), 422)


def test_scopes(client: ApiClient, read_key: str) -> None:
    """A key of scope read sees who is there, and changes nothing."""
    path = f"{PATH}/{added(client)['id']}"

    assert client.get(PATH, key=read_key).status_code == 200
    assert client.get(path, key=read_key).status_code == 200
    problem(client.post(PATH, key=read_key, json=BODY), 403)
    problem(client.post(path, key=read_key, json={"name": "n"}), 403)
    problem(client.delete(path, key=read_key), 403)
    problem(client.post("/v1/notifications/ntf_1/retry", key=read_key), 403)


def test_the_secret_is_nowhere_else(client: ApiClient, read_key: str) -> None:
    """Neither in any answer after the first, nor in the log."""
    with capture_logs() as logs:
        document = added(client)
        secret, id = document["secret"], document["id"]
        client.post(f"{PATH}/{id}", json={"name": "n"})
        answers = [client.get(path).text for path in (PATH, f"{PATH}/{id}", "/v1/attempts")]
        client.delete(f"{PATH}/{id}")

    assert [log["act"] for log in logs if log["event"] == "administrative_act"] == [
        "subscriber_added", "subscriber_changed", "subscriber_removed",
    ]  # fmt: skip
    assert all(secret not in text for text in (*answers, repr(logs)))


def attempt(client: ApiClient, **changes: Any) -> None:
    """An attempt that ended with a 500 and an answer."""
    values: dict[str, Any] = {
        "number": 0,
        "subscriber": "rcv_1",
        "notification": "ntf_1",
        "attempt": 1,
        "started_at": 1_790_000_000_000_000,
        "milliseconds": 12,
        "outcome": "failed",
        "status": 500,
        "answer": "whose card it was",
        **changes,
    }
    with write_transaction(client.notify.feed.engine) as connection:
        add_attempts(connection, [Attempt(**values)])


def test_attempts(client: ApiClient, read_key: str) -> None:
    """Newest first, and filtered; the answer is for keys of scope full alone."""
    attempt(client)
    attempt(client, attempt=2, outcome="delivered", status=200, answer="ok")
    attempt(client, subscriber="rcv_2", notification="ntf_2")
    items = client.items("/v1/attempts")

    assert items[1] == {
        "object": "attempt",
        "id": "att_2",
        "subscriber": "rcv_1",
        "notification": "ntf_1",
        "attempt": 2,
        "outcome": "delivered",
        "status": 200,
        "error": None,
        "answer": "ok",
        "created": 1_790_000_000,
        "milliseconds": 12,
    }
    assert [item["id"] for item in items] == ["att_3", "att_2", "att_1"]
    for query, ids in [
        ("subscriber=rcv_1", ["att_2", "att_1"]),
        ("notification=ntf_2", ["att_3"]),
        ("outcome=failed&subscriber=rcv_1", ["att_1"]),
        ("limit=1&starting_after=att_3", ["att_2"]),
        ("limit=1&ending_before=att_1", ["att_2"]),
    ]:
        assert [item["id"] for item in client.items(f"/v1/attempts?{query}")] == ids
    problem(client.get("/v1/attempts?outcome=maybe"), 422)
    problem(client.get("/v1/attempts?starting_after=att_x"), 422)
    response = client.get("/v1/attempts", key=read_key)
    assert response.status_code == 200
    assert "answer" not in response.text and "whose card" not in response.text
