"""The journal's pages: what REST says of the money, as text."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from api.console.money import money
from api.simulator import story
from tests.api.client import ApiClient
from tests.api.deliveries import charge
from tests.console.browser import Browser, text_of
from tests.journal.money import Told, transactions
from tests.projections.histories import delivery

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def sold(shared: ApiClient) -> ApiClient:
    """A ledger with a sale, what moved the balance for it, a payout, and a hostile charge."""
    sale, payout = story("order_with_3ds_and_partial_refund"), story("payout_paid_then_failed")
    log: list[Told] = [*sale.events, *transactions(sale), *payout.events]
    shared.ledger.append([delivery(each) for each in log])
    shared.store(charge(1, currency=SCRIPT.lower(), destination=SCRIPT))
    return shared


@pytest.fixture
def visitor(sold: ApiClient) -> Browser:
    """Somebody who is signed in."""
    browser = Browser(sold)
    assert browser.sign_in().status_code == 303
    return browser


def test_the_trial_balance_is_rests(sold: ApiClient, visitor: Browser) -> None:
    """Each balance, and sums of debits and credits that are equal."""
    document: dict[str, Any] = sold.get("/v1/journal/trial-balance").get_json()

    text = text_of(visitor.get("/journal"))

    assert len(document["data"]) > 5
    for each in document["data"]:
        amounts = (money(each[name], each["currency"]) for name in ("debit", "credit", "balance"))
        assert " ".join(amounts) in text
    for total in document["totals"]:
        debit, nothing = (money(n, total["currency"]) for n in (total["debit"], 0))
        assert f"Sum {total['currency'].upper()} {debit} {debit} {nothing}" in text
    assert f"as known at position {document['at_position']:,}" in text


def test_what_was_known_at_a_position_and_a_date(visitor: Browser) -> None:
    """The form's values are the URL's; nothing moved before there was anything."""
    assert "No money moved" in visitor.get("/journal?before=1980-01-01")
    assert "No money moved" in visitor.get("/journal?at_position=0")
    page = visitor.get("/journal?livemode=false&at_position=5&before=2100-01-01")
    assert 'value="2100-01-01"' in page and 'value="5"' in page
    assert "must be a day" in visitor.get("/journal?before=soon", status=422)


def test_an_account_leads_to_its_entries(sold: ApiClient, visitor: Browser) -> None:
    """And an entry to its object and its event."""
    page = visitor.get("/journal?currency=eur")
    [href] = re.findall(r'href="(/journal/entries\?ledger_account=Sales[^"]*)"', page)

    page = visitor.get(href.replace("&amp;", "&"))

    entries = sold.items("/v1/journal/entries?ledger_account=Sales&currency=eur")
    assert entries
    for entry in entries:
        assert f'href="/find?id={quote(entry["object_id"])}"' in page
        assert f'href="/events/{quote(entry["cause"])}"' in page
        for line in entry["lines"]:
            assert line["ledger_account"] in page
            assert money(abs(line["amount"]), line["currency"]) in page


def test_an_object_leads_to_its_entries(sold: ApiClient, visitor: Browser) -> None:
    """Those of a payout, and its reconciliation."""
    [payout] = sold.items("/v1/payouts")
    page = visitor.get(f"/payouts/{payout['id']}")
    hrefs = re.findall(
        r'href="(/journal/entries\?object_id=[^"]*|[^"]*/reconciliation[^"]*)"', page
    )

    texts = [text_of(visitor.get(href.replace("&amp;", "&"))) for href in hrefs]

    assert "Transit:Payout" in texts[0] and "Bank:" in texts[0]
    assert "none of its transactions is listed yet" in texts[1]
    assert money(payout["amount"], payout["currency"]) in texts[1]


def test_what_is_not_proven_says_why(sold: ApiClient, visitor: Browser) -> None:
    """Each item of REST, with its reason in words."""
    items = sold.items("/v1/journal/unproven")

    text = text_of(visitor.get("/journal/unproven"))

    assert items
    for each in items:
        amount = money(each["amount"], each["currency"])
        assert f"{amount} {each['reason'].replace('_', ' ')}" in text
    assert "Everything is proven" in visitor.get("/journal/unproven?before=1980-01-01")


@pytest.mark.parametrize("path", ["/journal", "/journal/entries", "/journal/unproven"])
def test_hostile_texts_are_texts(visitor: Browser, path: str) -> None:
    """A currency and a destination that try to be markup."""
    page = visitor.get(path)

    assert SCRIPT.upper() not in page and SCRIPT not in page
    assert "&lt;SCRIPT&gt;" in page
