"""The journal over HTTP: balances at a date and position, entries, what is not proven, payouts."""

from __future__ import annotations

from typing import Any

import pytest

from api.simulator import story
from tests.api.client import ApiClient, problem

ORDER = "order_with_3ds_and_partial_refund"


@pytest.fixture(scope="module")
def events(shared: ApiClient) -> list[dict[str, Any]]:
    """An order that is paid and partly refunded, late events among them; its events."""
    events = list(story(ORDER).events)
    shared.store(*events[::-1])
    return events


def test_the_trial_balance(shared: ApiClient, events: list[dict[str, Any]]) -> None:
    """Debits and credits of a currency are equal, at any date, as known at any position."""
    newest = shared.get("/v1/journal/trial-balance").get_json()
    for position in range(shared.position + 1):
        for before in (None, events[len(events) // 2]["created"]):
            bound = "" if before is None else f"&before={before}"
            answer = shared.get(f"/v1/journal/trial-balance?at_position={position}{bound}")
            report = answer.get_json()
            assert (report["at_position"], report["before"]) == (position, before)
            for total in report["totals"]:
                assert total["debit"] == total["credit"] > 0
            assert sum(each["balance"] for each in report["data"]) == 0
    assert report["rules"] == newest["rules"]
    assert {each["ledger_account"] for each in newest["data"]} >= {"Sales", "Clearing:Charge"}
    assert set(newest["data"][0]) == {
        "object", "id", "account", "livemode", "ledger_account", "type", "currency", "debit",
        "credit", "balance",
    }  # fmt: skip
    problem(shared.get("/v1/journal/trial-balance?at_position=9999"), 422)
    accounts = shared.items("/v1/journal/accounts?limit=100")
    assert accounts == newest["data"]


def test_entries(shared: ApiClient, events: list[dict[str, Any]]) -> None:
    """Newest first, page by page; narrowed by account, object, cause and date."""
    entries = shared.items("/v1/journal/entries?limit=100")
    assert entries and [e["date"] for e in entries] == sorted(
        (e["date"] for e in entries), reverse=True
    )
    first = shared.get("/v1/journal/entries?limit=1").get_json()
    assert first["data"] == entries[:1] and first["has_more"] == (len(entries) > 1)
    assert set(entries[0]) == {
        "object", "id", "date", "object_id", "cause", "category", "known_from", "known_until",
        "lines", "account", "livemode",
    }  # fmt: skip
    assert shared.get(f"/v1/journal/entries/{entries[0]['id']}").get_json() == entries[0]
    problem(shared.get("/v1/journal/entries/jrn_none"), 404)
    problem(shared.get("/v1/journal/entries?starting_after=jrn_none"), 422)
    for entry in entries:
        caused = shared.items(f"/v1/journal/entries?cause={entry['cause']}")
        assert entry in caused and all(e["cause"] == entry["cause"] for e in caused)
        line = entry["lines"][0]
        its = shared.items(f"/v1/journal/entries?ledger_account={line['ledger_account']}&limit=100")
        assert entry in its
        assert entry in shared.items(f"/v1/journal/entries?object_id={entry['object_id']}")
        dated = shared.items(
            f"/v1/journal/entries?date[gte]={entry['date']}&date[lt]={entry['date'] + 1}"
        )
        assert entry in dated and {e["date"] for e in dated} == {entry["date"]}


def test_what_is_unproven(shared: ApiClient, events: list[dict[str, Any]]) -> None:
    """Without any balance transaction all clearing is unproven, and says why."""
    items = shared.items("/v1/journal/unproven?limit=100")

    assert items and {each["reason"] for each in items} == {"no_settlement_leg"}
    assert all(each["amount"] == each["commercial"] != 0 for each in items)
    assert [each["since"] for each in items] == sorted(each["since"] for each in items)


def test_a_payout_of_which_nothing_is_listed(client: ApiClient) -> None:
    """Its whole amount is the remainder, and says so; an unknown one is not found."""
    client.store(*story("payout_paid_then_failed").events)
    [payout] = client.items("/v1/payouts")
    result = client.get(f"/v1/payouts/{payout['id']}/reconciliation").get_json()

    assert (result["amount"], result["net"]) == (payout["amount"], 0)
    assert (result["remainder"], result["label"]) == (payout["amount"], "not_listed")
    assert result["reconciled"] is False and result["transactions"] == []
    problem(client.get("/v1/payouts/po_none/reconciliation"), 404)
