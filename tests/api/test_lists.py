"""The kinds' lists: newest first, paged by id in both directions, with the declared filters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.resources.representation import page_of
from projections import KINDS
from tests.api.client import ApiClient, problem
from tests.api.deliveries import NOW, charge
from tests.projections.refusing import SECRET, Refusal, refusing


def ids(client: ApiClient, query: str = "") -> list[str]:
    """The ids of a page of orders."""
    return [row["id"] for row in client.items(f"/v1/orders?{query}")]


def state_of_orders(client: ApiClient) -> dict[str, Any]:
    """How the projection of orders is doing."""
    states = client.items("/v1/projections?limit=100")
    return next(state for state in states if state["kind"] == "orders")


def test_order_and_pages(client: ApiClient) -> None:
    """Newest first; the last id continues, the first goes back, until has_more is false."""
    client.store(*(charge(number) for number in (3, 1, 5, 2, 4)))

    first = client.get("/v1/orders?limit=2").get_json()
    assert [row["id"] for row in first["data"]] == ["ch_5", "ch_4"]
    assert (first["object"], first["url"], first["has_more"]) == ("list", "/v1/orders", True)
    last = client.get("/v1/orders?limit=3&starting_after=ch_4").get_json()
    assert [row["id"] for row in last["data"]] == ["ch_3", "ch_2", "ch_1"]
    assert last["has_more"] is False
    assert ids(client, "limit=2&ending_before=ch_3") == ["ch_5", "ch_4"]
    assert ids(client, "limit=1&ending_before=ch_3") == ["ch_4"]


def test_same_second(client: ApiClient) -> None:
    """Rows of the same second are ordered by id, and none is lost at a page boundary."""
    client.store(*(charge(number, created=NOW) for number in (1, 2, 3)))

    assert ids(client) == ["ch_3", "ch_2", "ch_1"]
    assert ids(client, "limit=1&starting_after=ch_3") == ["ch_2"]


def test_one_id_in_both_modes(client: ApiClient) -> None:
    """A page does not end between rows of one id, so its last id is a cursor; none is a 409."""
    client.store(charge(1, created=NOW), charge(2, created=NOW, livemode=True))
    client.store(charge(2, created=NOW), charge(3, created=NOW))

    assert ids(client, "limit=1") == ["ch_3"]
    assert ids(client, "limit=1&starting_after=ch_3") == ["ch_2", "ch_2"]
    assert ids(client, "limit=1&starting_after=ch_2") == ["ch_1"]
    assert ids(client, "limit=1&ending_before=ch_1") == ["ch_2", "ch_2"]
    assert ids(client, "limit=1&ending_before=ch_2") == ["ch_3"]
    paths = client.get("/openapi.json").get_json()["paths"]
    lists = [f"/v1/{kind}" for kind in KINDS]
    assert [path for path in lists if "409" in paths[path]["get"]["responses"]] == []


@given(st.lists(st.sampled_from("abc")), st.integers(1, 3))
def test_a_list_in_memory_is_walked_as_any_other(letters: list[str], limit: int) -> None:
    """Each item once and in order, whatever ids are alike."""
    items = list(enumerate(letters))
    result: list[tuple[int, str]] = []
    more, cursor = True, dict[str, str]()
    while more:
        arguments = {"limit": limit, **cursor}
        page, more = page_of(items, lambda item: item[1], arguments)
        result += page
        cursor = {"starting_after": page[-1][1]} if page else {}

    assert result == items


@pytest.fixture(scope="module")
def orders(shared: ApiClient) -> ApiClient:
    """A ledger with four orders that differ in the fields of the filters."""
    shared.store(
        charge(1, customer="cus_1"),
        charge(2, currency="usd"),
        charge(3, status="failed", paid=False, captured=False, amount_captured=0),
        charge(4, account="acct_1", livemode=True),
    )
    return shared


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=paid", ["ch_4", "ch_2", "ch_1"]),
        ("status=failed", ["ch_3"]),
        ("status=nothing", []),
        ("currency=usd", ["ch_2"]),
        ("customer=cus_1", ["ch_1"]),
        ("account=self", ["ch_3", "ch_2", "ch_1"]),
        ("account=acct_1", ["ch_4"]),
        ("livemode=true", ["ch_4"]),
        ("livemode=false", ["ch_3", "ch_2", "ch_1"]),
        (f"created[gt]={NOW - 998}", ["ch_4", "ch_3"]),
        (f"created[gte]={NOW - 998}", ["ch_4", "ch_3", "ch_2"]),
        (f"created[lt]={NOW - 998}", ["ch_1"]),
        (f"created[lte]={NOW - 998}", ["ch_2", "ch_1"]),
        (f"created[gte]={NOW - 998}&created[lt]={NOW - 996}", ["ch_3", "ch_2"]),
        ("charge=ch_2", ["ch_2"]),
        ("status=paid&currency=eur&limit=1", ["ch_4"]),
    ],
)
def test_filters(orders: ApiClient, query: str, expected: list[str]) -> None:
    """Each filter narrows the list, and several combine."""
    assert ids(orders, query) == expected


def test_lists_of_one_customer(client: ApiClient) -> None:
    """What a customer has is a list of each kind that names one, with that kind's parameters."""
    client.store(*(charge(number, customer=f"cus_{number % 2}") for number in range(1, 8)))
    path = "/v1/customers/cus_1/orders"

    page = client.get(f"{path}?limit=2&currency=eur").get_json()
    assert (page["object"], page["url"], page["has_more"]) == ("list", path, True)
    assert [row["id"] for row in page["data"]] == ["ch_7", "ch_5"]
    assert page["data"] == client.items("/v1/orders?customer=cus_1&limit=2")
    following = client.items(f"{path}?limit=2&starting_after=ch_5")
    assert [row["id"] for row in following] == ["ch_3", "ch_1"]

    named = [kind.name for kind in KINDS.values() if "customer" in kind.filters]
    assert {"orders", "subscriptions", "invoices"} <= {*named}
    for name in named:
        # No event of the customer was received: its webhooks may not have been selected.
        assert client.items(f"/v1/customers/cus_2/{name}") == []
    problem(client.get("/v1/customers/cus_1/payouts"), 404)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(orders: ApiClient, kind: str) -> None:
    """Every declared kind has a list under its name, with the position it has read."""
    response = orders.get(f"/v1/{kind}")

    page = response.get_json()
    assert list(page) == ["object", "url", "has_more", "data"]
    assert page["url"] == f"/v1/{kind}"
    assert response.headers["Ledger-Position"] == "4"


def test_rows_are_as_declared(orders: ApiClient) -> None:
    """A row has the declared fields, in their order, and no others."""
    row = orders.items("/v1/orders")[0]

    assert list(row) == [column.name for column in KINDS["orders"].columns]


def test_summary(client: ApiClient) -> None:
    """Totals per account, mode and currency, narrowed and paged like any list."""
    client.store(charge(1), charge(2), charge(3, currency="usd"), charge(4, account="acct_1"))

    euros = client.items("/v1/summary?account=self&currency=eur")
    assert len(euros) == 1
    assert [name for name in euros[0] if name in KINDS] == [
        name for name, kind in KINDS.items() if kind.summary is not None
    ]
    assert euros[0]["orders"] == {
        "paid": {"count": 2, "amount": 300, "amount_received": 300, "amount_refunded": 0}
    }
    totals = client.items("/v1/summary")
    assert len(totals) == 3
    assert client.items(f"/v1/summary?starting_after={totals[0]['id']}") == totals[1:]


def test_dead_letters(client: ApiClient) -> None:
    """An event that cannot be read is listed, and its row is stale."""
    client.store(charge(1), charge(1, amount="many"))

    letters = client.items("/v1/dead-letters?kind=orders")

    assert [(letter["kind"], letter["id"], letter["position"]) for letter in letters] == [
        ("orders", "ch_1", 2)
    ]
    assert client.items("/v1/orders")[0]["stale"] is True


@pytest.mark.filterwarnings("ignore:orders ch_1.* cannot be stored")
def test_a_row_that_cannot_be_stored(client: ApiClient) -> None:
    """It is a dead letter of its newest event, until it is folded again; the ledger is ready."""
    client.store(charge(1))
    with refusing(client.projections, "orders", [Refusal("rows", "INSERT")], "ch_1"):
        newest = charge(1, amount=7)
        client.store(newest, charge(2))

        (letter,) = client.items("/v1/dead-letters")
        assert (letter["kind"], letter["id"], letter["event"]) == ("orders", "ch_1", newest["id"])
        assert "stored" in letter["error"] and SECRET not in letter["error"]
        rows = {row["id"]: (row["amount"], row["stale"]) for row in client.items("/v1/orders")}
        assert rows == {"ch_1": (100, True), "ch_2": (200, False)}
        assert client.http.get("/readyz").status_code == 200
        assert (state_of_orders(client)["position"], state_of_orders(client)["dead_letters"]) == (
            3,
            1,
        )
        assert (
            b'ledger_projection_dead_letters{kind="orders"} 1' in client.http.get("/metrics").data
        )

    assert client.projections.refold("orders", "ch_1") is True
    assert client.items("/v1/dead-letters") == []
    assert client.items("/v1/orders/ch_1/timeline")
    rows = {row["id"]: (row["amount"], row["stale"]) for row in client.items("/v1/orders")}
    assert rows == {"ch_1": (7, False), "ch_2": (200, False)}


def test_projections(client: ApiClient) -> None:
    """Each kind has its position, lag, number of rows and fingerprint."""
    client.store(charge(1))

    states = client.items("/v1/projections?limit=100")

    assert [state["kind"] for state in states] == list(KINDS)
    assert {state["position"] for state in states} == {1}
    assert {state["lag_events"] for state in states} == {0}
    orders = state_of_orders(client)
    assert orders["rows"] == 1 and len(orders["fingerprint"]) == 12


def test_rebuild(client: ApiClient) -> None:
    """A rebuild can be requested once; while one runs, another request is a 409."""
    first = client.post("/v1/projections/orders/rebuild")
    second = client.post("/v1/projections/orders/rebuild")

    assert (first.status_code, first.get_json()["kind"]) == (202, "orders")
    assert second.status_code == 409
    assert state_of_orders(client)["status"] == "rebuild_requested"


def test_progress_of_a_rebuild(client: ApiClient) -> None:
    """The figures of a running rebuild are at /v1/projections; afterwards there are none."""
    client.store(*(charge(number) for number in range(1, 4)))
    states: list[dict[str, Any]] = []

    def record_state(*_: object) -> None:
        states.append(state_of_orders(client))

    client.projections.rebuild(["orders"], progress=record_state)

    last = states[-1]
    assert (last["status"], last["rebuild_done"], last["rebuild_total"]) == ("rebuilding", 3, 3)
    assert last["rebuild_events_per_second"] > 0 and last["rebuild_eta_seconds"] == 0
    after = state_of_orders(client)
    assert (after["status"], after["rebuild_done"], after["held_by"]) == ("live", None, [])
    assert after["previous"]
