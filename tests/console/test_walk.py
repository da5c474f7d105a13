"""A walk through the console in a real browser, with JavaScript and without, on both databases."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import make_url, update

from api.console.money import money
from api.console.values import when
from api.notify.tables import DELIVERIES
from api.simulator import Story, story
from ledger.database import open_engine, write_transaction
from ledger.limits import READS
from projections.feed.tables import notifications_url
from tests.cli.processes import KEY, Server, eventually, serving
from tests.console.browser import SESSION_SECRET
from tests.console.chromium import NEEDED, Tab, chromium

pytestmark = [pytest.mark.slow, NEEDED]


@pytest.fixture
def server(store_url: str, tmp_path: Path) -> Iterator[Server]:
    """A ledger that serves, without any event."""
    settings = {"LEDGER_SESSION_SECRET": SESSION_SECRET, "LEDGER_NOTIFIER": "true"}
    with serving(store_url, tmp_path, **settings) as server:
        yield server


def test_a_walk(server: Server) -> None:
    """Sign in, find an order by its charge, go back in time, rebuild, retry, sign out."""
    order = story("order_with_3ds_and_partial_refund", index=1)
    _subscribe(server)
    row = _deliver(server, order)
    notification = _given_up(server)
    for javascript in (True, False):
        with chromium(f"http://127.0.0.1:{server.port}", javascript=javascript) as tab:
            tab.open(f"/orders/{row['id']}")
            expect(tab.page.get_by_role("heading", name="Sign in")).to_be_visible()
            tab.sign_in(KEY)
            _find(tab.page, row)
            _go_back_in_time(server, tab.page, row, javascript=javascript)
            _rebuild(server, tab, javascript=javascript)
            _retry(tab, notification)
            _give_up(server)
            tab.page.get_by_role("button", name="Sign out").click()
            expect(tab.page.get_by_role("heading", name="Signed out")).to_be_visible()
            tab.open("/orders")
            expect(tab.page.get_by_role("heading", name="Sign in")).to_be_visible()
            assert tab.wrong == []


def _find(page: Page, row: dict[str, Any]) -> None:
    """From the search to the order, and its timeline."""
    page.goto(page.url.partition("/orders")[0] + "/events")
    page.keyboard.press("Tab")
    page.get_by_role("searchbox").fill(row["charge"])
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(row["id"])
    timeline = page.locator("#timeline")
    expect(timeline).to_contain_text("charge.refunded")
    expect(timeline).to_contain_text("requires_action")


def _go_back_in_time(server: Server, page: Page, row: dict[str, Any], *, javascript: bool) -> None:
    """At each moment that can be chosen the page shows what REST says of it."""
    choices = page.locator("input[name=as_of]")
    moments = [choices.nth(index).get_attribute("value") for index in range(choices.count())]
    assert len(moments) >= 3
    for index in (0, len(moments) // 2):
        if javascript:
            page.get_by_role("slider").fill(str(index))
        else:
            page.locator(f"input[name=as_of][value='{moments[index]}']").check()
            page.get_by_role("button", name="Show").click()
        shown = page.locator("#row")
        expect(shown).to_contain_text(f"As of {when(int(str(moments[index])))}")
        then = server.get(f"/v1/orders/{row['id']}?as_of={moments[index]}")
        assert then["status"] != row["status"]
        expect(shown.locator(".status").first).to_have_text(then["status"])
        expect(shown).to_contain_text(money(then["amount"], then["currency"]))
    # What is shown has an address.
    assert f"as_of={moments[len(moments) // 2]}" in page.url


def _rebuild(server: Server, tab: Tab, *, javascript: bool) -> None:
    """Ask for a rebuild; the page shows what becomes of it by itself, or when it is loaded anew."""
    before = _projection(server)["previous"]
    tab.open("/projections")
    tab.page.get_by_role("button", name="Rebuild orders").click()
    expect(tab.page.get_by_role("heading", name="Projections")).to_be_visible()
    eventually(lambda: _projection(server)["previous"] != before, "it is rebuilt")
    if not javascript:
        tab.page.reload()
    line = tab.page.get_by_role("row").filter(has=tab.page.get_by_role("link", name="orders"))
    expect(line.first.locator(".status")).to_have_text("live")


def _retry(tab: Tab, notification: str) -> None:
    tab.open(f"/notifications/{notification}")
    expect(tab.page.locator("#live")).to_contain_text("failed")
    tab.page.get_by_role("button", name="Try again").click()
    expect(tab.page.get_by_role("status")).to_contain_text("tried again with 1 subscriber")


def _subscribe(server: Server) -> None:
    """Somebody who wants to hear of paid orders, and whom nobody reaches."""
    body = {"url": "http://127.0.0.1:9/hook", "types": ["order.paid"], "history": True}
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/v1/subscribers",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 201


def _deliver(server: Server, order: Story) -> dict[str, Any]:
    """The row of a story, once all of it is read."""
    for event in order.events:
        server.post(event)

    def rows() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = server.get("/v1/orders")["data"]
        return [row for row in listed if row["status"] == "partially_refunded"]

    eventually(rows, "the order is projected")
    return rows()[0]


def _given_up(server: Server) -> str:
    eventually(lambda: server.get("/v1/attempts")["data"], "somebody tried to reach it")
    _give_up(server)
    return str(server.get("/v1/attempts")["data"][0]["notification"])


def _give_up(server: Server) -> None:
    """Let all be given up that was to be tried for days."""
    url = notifications_url(make_url(server.database))
    engine = open_engine(url, limits=READS, pool_size=1)

    def give_up() -> bool:
        is_free = DELIVERIES.c.sender.is_(None) & (DELIVERIES.c.attempts > 0)
        with write_transaction(engine) as connection:
            statement = update(DELIVERIES).where(is_free).values(state="given_up", due_at=None)
            return bool(connection.execute(statement).rowcount)

    try:
        eventually(give_up, "it is given up")
    finally:
        engine.dispose()


def _projection(server: Server) -> dict[str, Any]:
    states = server.get("/v1/projections?limit=100")["data"]
    state: dict[str, Any] = next(each for each in states if each["kind"] == "orders")
    return state
