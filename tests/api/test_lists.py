"""The kinds' lists: newest first, paged by id both ways, filtered by what the declaration names."""

from __future__ import annotations

from typing import Any

import pytest

from projections import KINDS
from tests.api.wire import NOW, Wire, event


def charge(number: int, **changed: Any) -> dict[str, Any]:
    """An event about a paid charge without a PaymentIntent, which is an order of its own."""
    envelope = {name: changed.pop(name) for name in ("account", "livemode") if name in changed}
    snapshot = {
        "id": f"ch_{number}",
        "object": "charge",
        "created": NOW - 1000 + number,
        "amount": 100 * number,
        "amount_captured": 100 * number,
        "currency": "eur",
        "captured": True,
        "paid": True,
        "status": "succeeded",
        **changed,
    }
    return event(data={"object": snapshot}, created=NOW - 1000 + number, **envelope)


def ids(wire: Wire, query: str = "") -> list[str]:
    """The ids of a page of orders."""
    return [row["id"] for row in wire.data(f"/v1/orders?{query}")]


def test_order_and_pages(wire: Wire) -> None:
    """Newest first; the last id leads on and the first id leads back, till has_more says no."""
    wire.tell(*(charge(number) for number in (3, 1, 5, 2, 4)))

    first = wire.get("/v1/orders?limit=2").get_json()
    assert [row["id"] for row in first["data"]] == ["ch_5", "ch_4"]
    assert (first["object"], first["url"], first["has_more"]) == ("list", "/v1/orders", True)
    last = wire.get("/v1/orders?limit=3&starting_after=ch_4").get_json()
    assert [row["id"] for row in last["data"]] == ["ch_3", "ch_2", "ch_1"]
    assert last["has_more"] is False
    assert ids(wire, "limit=2&ending_before=ch_3") == ["ch_5", "ch_4"]
    assert ids(wire, "limit=1&ending_before=ch_3") == ["ch_4"]


def test_same_second(wire: Wire) -> None:
    """Rows of one second are ordered by id, and a page boundary between them loses none."""
    wire.tell(*(charge(number, created=NOW) for number in (1, 2, 3)))

    assert ids(wire) == ["ch_3", "ch_2", "ch_1"]
    assert ids(wire, "limit=1&starting_after=ch_3") == ["ch_2"]


@pytest.fixture(scope="module")
def known(shared: Wire) -> Wire:
    """A ledger with four orders that differ in what one may filter by."""
    shared.tell(
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
def test_filters(known: Wire, query: str, expected: list[str]) -> None:
    """Each filter narrows the list; several do so together."""
    assert ids(known, query) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(known: Wire, kind: str) -> None:
    """Every declared kind has a list under its name, and says how far it has read."""
    answer = known.get(f"/v1/{kind}")

    found = answer.get_json()
    assert list(found) == ["object", "url", "has_more", "data"]
    assert found["url"] == f"/v1/{kind}"
    assert answer.headers["Ledger-Position"] == "4"


def test_rows_are_as_declared(known: Wire) -> None:
    """A row has the declared fields in their order, and no other."""
    assert list(known.data("/v1/orders")[0]) == [column.name for column in KINDS["orders"].columns]


def test_summary(wire: Wire) -> None:
    """Totals per account, mode and currency, narrowed and paged like any list."""
    wire.tell(charge(1), charge(2), charge(3, currency="usd"), charge(4, account="acct_1"))

    euros = wire.data("/v1/summary?account=self&currency=eur")
    assert len(euros) == 1
    assert euros[0]["orders"] == {
        "paid": {"count": 2, "amount": 300, "amount_received": 300, "amount_refunded": 0}
    }
    every = wire.data("/v1/summary")
    assert len(every) == 3
    assert wire.data(f"/v1/summary?starting_after={every[0]['id']}") == every[1:]


def test_dead_letters(wire: Wire) -> None:
    """An event that cannot be folded is listed, and its row is stale."""
    wire.tell(charge(1), charge(1, amount="many"))

    letters = wire.data("/v1/dead-letters?kind=orders")

    assert [(each["kind"], each["id"], each["position"]) for each in letters] == [
        ("orders", "ch_1", 2)
    ]
    assert wire.data("/v1/orders")[0]["stale"] is True


def test_projections(wire: Wire) -> None:
    """Each kind tells where it stands."""
    wire.tell(charge(1))

    states = wire.data("/v1/projections")

    assert [state["kind"] for state in states] == list(KINDS)
    assert {state["position"] for state in states} == {1}
    assert {state["lag_events"] for state in states} == {0}
    assert states[0]["rows"] == 1 and len(states[0]["fingerprint"]) == 12


def test_rebuild(wire: Wire) -> None:
    """A rebuild is asked for once; while one runs, asking again is a 409."""
    headers = {"Authorization": "Bearer static-key-of-full-scope"}
    asked = wire.client.post("/v1/projections/orders/rebuild", headers=headers)
    again = wire.client.post("/v1/projections/orders/rebuild", headers=headers)

    assert (asked.status_code, asked.get_json()["kind"]) == (202, "orders")
    assert again.status_code == 409
    assert wire.data("/v1/projections")[0]["status"] == "rebuild_requested"


def test_progress_of_a_rebuild(wire: Wire) -> None:
    """While one runs, its figures stand at /v1/projections; afterwards there are none."""
    wire.tell(*(charge(number) for number in range(1, 4)))
    seen: list[dict[str, Any]] = []

    def look(*_: object) -> None:
        seen.append(wire.data("/v1/projections")[0])

    wire.projections.rebuild(["orders"], progress=look)

    last = seen[-1]
    assert (last["status"], last["rebuild_done"], last["rebuild_total"]) == ("rebuilding", 3, 3)
    assert last["rebuild_events_per_second"] > 0 and last["rebuild_eta_seconds"] == 0
    after = wire.data("/v1/projections")[0]
    assert (after["status"], after["rebuild_done"], after["held_by"]) == ("live", None, [])
    assert after["previous"]
