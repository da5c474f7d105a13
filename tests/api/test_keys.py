"""API keys: which routes need one, which scope they need, and how a key is revoked."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from api import keys
from api.keys import Scope
from projections import KINDS
from tests.api.client import ApiClient, problem
from tests.api.deliveries import body_of, event

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
        rows = connection.execute(text("SELECT * FROM api_keys")).all()

    assert len(rows) == 1 and secret not in str(rows)


def test_concurrent_table_creation(client: ApiClient) -> None:
    """Any number of processes may create the table at the same time."""
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: keys.KeyStore(client.ledger.engine).create_table(), range(6)))

    assert client.keys.list() == []


def test_open_routes(shared: ApiClient) -> None:
    """Outside /v1 no key is needed."""
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert shared.get(path, key=None).status_code == 200
