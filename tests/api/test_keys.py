"""API keys: which routes need one, which scope they need, and how a key is revoked."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from api import keys
from api.keys import Scope
from projections import KINDS
from tests.api.client import ApiClient, problem
from tests.api.deliveries import body_of, event
from tests.cli.processes import eventually

ROUTES = [
    *(f"/v1/{kind}" for kind in KINDS),
    "/v1/orders/pi_1",
    "/v1/orders/pi_1/timeline",
    "/v1/customers/cus_1/orders",
    "/v1/events",
    "/v1/events/evt_1",
    "/v1/search?q=pi_1",
    "/v1/summary",
    "/v1/projections",
    "/v1/dead-letters",
    "/v1/quarantine",
    "/v1/quarantine/qd_1",
    "/v1/notifications",
    "/v1/notifications/ntf_1",
    "/v1/subscribers",
    "/v1/subscribers/rcv_1",
    "/v1/attempts",
    "/v1/orders/pi_1/fields",
    "/v1/deliveries",
    "/v1/deliveries/minutes",
    "/v1/keys",
    "/v1/stripe",
    "/v1/stripe/endpoints",
]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic d3Jvbmc=", "Bearer \xff"],
)
def test_no_key(shared: ApiClient, path: str, authorization: str | None) -> None:
    """Without a valid key, every route under /v1 is a 401, even with wrong parameters."""
    headers = {} if authorization is None else {"Authorization": authorization}

    response = shared.http.get(f"{path}?unknown=1", headers=headers)

    assert problem(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/events/{event}"),
        ("GET", "/v1/quarantine/qd_{quarantined}"),
        ("GET", "/v1/orders/{order}?include=object"),
        ("POST", "/v1/projections/orders/rebuild"),
        ("POST", "/v1/projections/orders/check"),
        ("POST", "/v1/quarantine/qd_{quarantined}/retry"),
    ],
)
def test_scope(shared: ApiClient, method: str, path: str) -> None:
    """Bodies, Stripe's own objects and writing routes need scope full."""
    document = event()
    shared.deliver(body_of(document))
    shared.follow()
    path = path.format(
        event=document["id"],
        order=document["data"]["object"]["id"],
        quarantined=shared.deliver(b"[]").get_json()["position"],
    )
    _, read = shared.keys.create("reader", "read")
    _, full = shared.keys.create("writer", "full")

    def status(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return shared.http.open(path, method=method, headers=headers).status_code

    assert status(read) == 403
    assert status(full) in (200, 202)


@pytest.mark.parametrize("scope", ["read", "full"])
def test_stored_key(shared: ApiClient, scope: Scope) -> None:
    """A key of either scope that `ledger keys` created may read the lists."""
    _, secret = shared.keys.create("a name", scope)

    assert shared.get("/v1/orders", key=secret).status_code == 200


def test_revoked_key(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revoked key is refused for good once its cache entry has expired."""
    monkeypatch.setattr(keys, "CACHE_SECONDS", 0.05)
    key_id, secret = client.keys.create("a name", "read")
    assert client.get("/v1/orders", key=secret).status_code == 200

    assert client.keys.revoke(key_id)
    time.sleep(0.1)

    assert client.get("/v1/orders", key=secret).status_code == 401
    assert not client.keys.revoke(key_id)
    assert [key.revoked_at is not None for key in client.keys.list()] == [True]


def test_only_hashes(client: ApiClient) -> None:
    """The database never contains a key's secret."""
    _, secret = client.keys.create("a name", "read")

    with client.ledger.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM ledger_api_keys")).all()

    assert len(rows) == 1 and secret not in str(rows)


def test_a_table_of_somebody_else(client: ApiClient) -> None:
    """A table `api_keys` of another program in the same database is none of our business."""
    with client.ledger.engine.begin() as connection:
        connection.execute(text("CREATE TABLE api_keys (number INTEGER)"))
    _, secret = client.keys.create("a name", "read")

    assert client.get("/v1/orders", key=secret).status_code == 200
    assert client.get("/v1/orders", key="wrong").status_code == 401


def test_last_used(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a key was last used is stored soon after, and then not again within a minute."""
    used_id, secret = client.keys.create("used", "read")
    client.keys.create("unused", "read")
    clock = [1_800_000_000]
    monkeypatch.setattr("api.keys.time.time", lambda: clock[0])

    def last_used() -> dict[str, int | None]:
        return {key.name: key.last_used_at for key in client.keys.list()}

    assert last_used() == {"used": None, "unused": None}
    client.get("/v1/orders", key=secret)
    eventually(lambda: last_used() == {"used": clock[0], "unused": None}, "it is stored")
    clock[0] += keys.USED_SECONDS - 1
    other = keys.KeyStore(client.ledger.engine)  # of another process
    assert other.caller(secret) == keys.Caller("used", "read", used_id)
    time.sleep(0.2)
    assert last_used()["used"] == 1_800_000_000
    clock[0] += 1
    keys.KeyStore(client.ledger.engine).caller(secret)
    eventually(lambda: last_used()["used"] == clock[0], "a minute later it is stored again")


def test_a_requested_rebuild_is_logged(client: ApiClient) -> None:
    """Which key asked for it is in the log: its name and its id, and never the key."""
    key_id, secret = client.keys.create("the operator", "full")
    with capture_logs() as lines:
        assert client.post("/v1/projections/orders/rebuild", key=secret).status_code == 202
        assert client.post("/v1/projections/refunds/rebuild").status_code == 202

    acts = [line for line in lines if line["event"] == "administrative_act"]
    assert [(line["act"], line["by"], line["key_id"], line["kind"]) for line in acts] == [
        ("rebuild_requested", "the operator", key_id, "orders"),
        ("rebuild_requested", "LEDGER_API_KEY", None, "refunds"),
    ]
    assert secret not in str(lines)


def test_concurrent_table_creation(client: ApiClient) -> None:
    """Any number of processes may create the table at the same time."""
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: keys.KeyStore(client.ledger.engine).create_table(), range(6)))

    assert client.keys.list() == []


def test_open_routes(shared: ApiClient) -> None:
    """Outside /v1 no key is needed."""
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert shared.get(path, key=None).status_code == 200
