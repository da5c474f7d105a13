"""API keys: who may ask, who may see bodies, and how a key ends."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from api import keys
from api.keys import Scope
from projections import KINDS
from tests.api.wire import Wire, body_of, event, problem

ROUTES = [
    *(f"/v1/{kind}" for kind in KINDS),
    "/v1/orders/pi_1",
    "/v1/orders/pi_1/timeline",
    "/v1/events",
    "/v1/events/evt_1",
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
def test_no_key(shared: Wire, path: str, authorization: str | None) -> None:
    """Without a key that is known, every route under /v1 is a 401, wrong parameters or not."""
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = shared.client.get(f"{path}?unknown=1", headers=headers)

    assert problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/events/{event}"),
        ("GET", "/v1/quarantine/qd_2"),
        ("GET", "/v1/orders/{order}?include=object"),
        ("POST", "/v1/projections/orders/rebuild"),
    ],
)
def test_scope(wire: Wire, method: str, path: str) -> None:
    """Bodies, Stripe's own objects and writing need scope full."""
    document = event()
    wire.deliver(body_of(document))
    wire.deliver(b"[]")
    wire.follow()
    path = path.format(event=document["id"], order=document["data"]["object"]["id"])
    _, read = wire.keys.create("reader", "read")
    _, full = wire.keys.create("writer", "full")

    def answers(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return wire.client.open(path, method=method, headers=headers).status_code

    assert answers(read) == 403
    assert answers(full) in (200, 202)


@pytest.mark.parametrize("scope", ["read", "full"])
def test_stored_key(wire: Wire, scope: Scope) -> None:
    """A key made by `ledger keys` opens the lists."""
    _, secret = wire.keys.create("a name", scope)

    assert wire.get("/v1/orders", key=secret).status_code == 200


def test_revoked_key(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revoked key is refused as soon as the cache has forgotten it, and for good."""
    monkeypatch.setattr(keys, "CACHE_SECONDS", 0.05)
    key_id, secret = wire.keys.create("a name", "read")
    assert wire.get("/v1/orders", key=secret).status_code == 200

    assert wire.keys.revoke(key_id)
    time.sleep(0.1)

    assert wire.get("/v1/orders", key=secret).status_code == 401
    assert not wire.keys.revoke(key_id)
    assert [each.revoked_at is not None for each in wire.keys.list()] == [True]


def test_only_hashes(wire: Wire) -> None:
    """The database never sees a key."""
    _, secret = wire.keys.create("a name", "read")

    with wire.ledger.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM api_keys")).all()

    assert len(rows) == 1 and secret not in str(rows)


def test_tables_at_once(wire: Wire) -> None:
    """Any number of processes may make the table at the same time."""
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: keys.KeyStore(wire.ledger.engine).create_table(), range(6)))

    assert wire.keys.list() == []


def test_open_routes(shared: Wire) -> None:
    """Outside /v1 no key is needed."""
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert shared.get(path, key=None).status_code == 200
