"""Parameters and paths: what is not understood is an error, never ignored."""

from __future__ import annotations

import pytest

from projections import KINDS
from tests.api.client import ApiClient, problem

LISTS = [
    *(f"/v1/{kind}" for kind in KINDS),
    "/v1/customers/cus_1/orders",
    "/v1/events",
    "/v1/quarantine",
    "/v1/dead-letters",
    "/v1/projections",
    "/v1/summary",
]

WRONG = {
    "limit=0": "limit",
    "limit=101": "limit",
    "limit=1000000000": "limit",
    f"limit={10**24}": "limit",
    "limit=-1": "limit",
    "limit=1_0": "limit",
    "limit=%D9%A1": "limit",
    "limit=": "limit",
    "limit=1e1": "limit",
    "unknown=1": "unknown",
    "limit=1&limit=2": "limit",
    "starting_after=a&ending_before=b": "ending_before",
    "starting_after=nobody": "starting_after",
    "ending_before=nobody": "ending_before",
    "starting_after=%00": "starting_after",
    "starting_after=": "starting_after",
}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", WRONG)
def test_list(shared: ApiClient, path: str, query: str) -> None:
    """A wrong parameter of any list is a 422 that names it."""
    errors = problem(shared.get(f"{path}?{query}"), 422)["errors"]

    assert [error["parameter"] for error in errors] == [WRONG[query]]
    assert all(error["message"] for error in errors)


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/orders?account=*", "account"),
        ("/v1/orders?livemode=1", "livemode"),
        ("/v1/orders?livemode=True", "livemode"),
        ("/v1/orders?created[gte]=yesterday", "created[gte]"),
        (f"/v1/orders?created[lt]={10**20}", "created[lt]"),
        ("/v1/orders?created=5", "created"),
        ("/v1/orders?status=%00", "status"),
        ("/v1/orders?customer=a&customer=b", "customer"),
        ("/v1/payouts?customer=cus_1", "customer"),
        ("/v1/customers/cus_1/orders?customer=cus_2", "customer"),
        ("/v1/events?type=%3Cscript%3E", "type"),
        ("/v1/events?type=*", "type"),
        ("/v1/events?position[gt]=-1", "position[gt]"),
        ("/v1/events?status=paid", "status"),
        ("/v1/quarantine?starting_after=qd_0", "starting_after"),
        ("/v1/quarantine?starting_after=qd_999", "starting_after"),
        ("/v1/orders/pi_1?as_of=yesterday", "as_of"),
        ("/v1/orders/pi_1?as_of=2026-01-31", "as_of"),
        ("/v1/orders/pi_1?as_of=2026-01-31T12:00:00", "as_of"),
        ("/v1/orders/pi_1?as_of=2026-02-30T12:00:00Z", "as_of"),
        ("/v1/orders/pi_1?as_of=-1", "as_of"),
        (f"/v1/orders/pi_1?as_of={10**24}", "as_of"),
        ("/v1/orders/pi_1?at_position=x", "at_position"),
        ("/v1/orders/pi_1?at_position=999999", "at_position"),
        ("/v1/orders/pi_1?include=everything", "include"),
        ("/v1/orders/pi_1?wait_ms=3600000", "wait_ms"),
        ("/v1/orders/pi_1?limit=1", "limit"),
        ("/v1/orders/pi_1/timeline?as_of=1", "as_of"),
        ("/v1/events/evt_1?expand=1", "expand"),
    ],
)
def test_parameter(shared: ApiClient, path: str, parameter: str) -> None:
    """Each route accepts only its own parameters, and only valid values of them."""
    errors = problem(shared.get(path), 422)["errors"]

    assert [error["parameter"] for error in errors] == [parameter]


@pytest.mark.parametrize(
    "base", [*(f"/v1/{kind}" for kind in KINDS), "/v1/events", "/v1/quarantine"]
)
@pytest.mark.parametrize(
    "id", ["nobody", "a%00b", "%ff", "..%2fevents", "%2e%2e", "x" * 256, "a/b", ""]
)
def test_strange_ids(shared: ApiClient, base: str, id: str) -> None:
    """An id that nothing can have is a 404."""
    problem(shared.get(f"{base}/{id}"), 404)


def test_unknown_kind(shared: ApiClient) -> None:
    """Rebuilding an unknown kind is a 404."""
    problem(shared.post("/v1/projections/toasters/rebuild"), 404)


def test_method(shared: ApiClient) -> None:
    """A wrong method is a 405 problem whose Allow header names the right ones."""
    response = shared.http.delete("/v1/orders")

    assert problem(response, 405)
    assert "GET" in response.headers["Allow"]
