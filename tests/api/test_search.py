"""`/v1/search`: a list object of results, for every key; a text that is too short is a 422."""

from __future__ import annotations

import pytest

from tests.api.client import ApiClient, problem
from tests.api.deliveries import charge


def test_results(client: ApiClient) -> None:
    """What was found, in which field, and the row as its own route shows it."""
    client.store(charge(1, metadata={"order_id": "A-1"}), charge(2, metadata={"order_id": "A-2"}))

    response = client.get("/v1/search?q=a-")
    page = response.get_json()
    assert (page["object"], page["url"], page["has_more"]) == ("list", "/v1/search", False)
    assert [(item["id"], item["field"]) for item in page["data"]] == [
        ("ch_2", "metadata.order_id"), ("ch_1", "metadata.order_id"),
    ]  # fmt: skip
    assert page["data"][0]["object"] == "search_result"
    assert page["data"][0]["kind"] == "orders"
    assert page["data"][0]["row"] == client.get("/v1/orders/ch_2").get_json()
    assert response.headers["Ledger-Position"] == "2"
    assert client.items("/v1/search?q=%20ch_1%20")[0]["field"] == "id"
    assert client.items("/v1/search?q=nothing") == []


@pytest.mark.parametrize(
    "query",
    ["", "q=", "q=a", "q=%20a%20", f"q={'a' * 201}", "q=%00ab", "q=ab&q=ab", "q=ab&limit=1"],
)
def test_what_is_no_search(shared: ApiClient, query: str) -> None:
    """Two to 200 characters besides blanks, and nothing else."""
    problem(shared.get(f"/v1/search?{query}"), 422)


def test_long_texts(client: ApiClient) -> None:
    """Of a long value the beginning counts, as far as an index goes."""
    client.store(charge(1, metadata={"note": "é" * 150}))

    assert [item["id"] for item in client.items(f"/v1/search?q={'É' * 120}")] == ["ch_1"]
