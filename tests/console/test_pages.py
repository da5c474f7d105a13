"""What pages show: what REST says, as text, and nothing that the key may not see."""

from __future__ import annotations

import csv
import gzip
import io
import re
import time
from html import unescape
from typing import Any

import pytest
from sqlalchemy import delete, insert

from api.console.money import money
from ledger.database import write_transaction
from projections import KINDS, Type
from tests.api.client import FULL_KEY, ApiClient, problem
from tests.api.deliveries import NOW, body_of, charge, event, header
from tests.console.browser import Browser, text_of
from tests.console.html import parsed
from tests.console.paths import paths

SCRIPT = "<script>alert(1)</script>"
BREAKING_OUT = "\"'><img src=x onerror=alert(2)>"
LINK = "javascript:alert(3)"


def hostile_charge(number: int) -> dict[str, Any]:
    """A payment all of whose texts try to be markup."""
    return charge(
        number,
        description=SCRIPT,
        customer=f"cus_{BREAKING_OUT}",
        receipt_url=LINK,
        statement_descriptor=BREAKING_OUT,
        billing_details={"email": f"{SCRIPT}@example.com", "name": BREAKING_OUT},
        metadata={SCRIPT: BREAKING_OUT, BREAKING_OUT: SCRIPT, "link": LINK},
        shipping={"name": SCRIPT, "address": {"line1": BREAKING_OUT}},
        failure_message=BREAKING_OUT,
        outcome={"risk_level": SCRIPT},
    )


@pytest.fixture(scope="module")
def hostile(shared: ApiClient) -> ApiClient:
    """A ledger in which everything that a stranger can write is hostile."""
    shared.store(*(hostile_charge(number) for number in range(1, 4)))
    customer = {"id": "cus_1", "object": "customer", "name": SCRIPT, "email": BREAKING_OUT,
                "metadata": {SCRIPT: SCRIPT}}  # fmt: skip
    product = {"id": "prod_1", "object": "product", "name": BREAKING_OUT, "description": SCRIPT,
               "url": LINK}  # fmt: skip
    shared.store(event(type="customer.created", data={"object": customer}))
    shared.store(event(type="product.created", data={"object": product}))
    shared.deliver(SCRIPT.encode())
    shared.deliver(body_of(event()), header(b"forged"), headers={"User-Agent": SCRIPT})
    shared.keys.create(SCRIPT, "read")
    subscriber, _ = shared.notify.subscribers.add(
        "https://shop.example/hook?" + "%3Cscript%3E", ["*"], begin="beginning", name=SCRIPT
    )
    shared.notify.subscribers.pause(subscriber.id, BREAKING_OUT)
    return shared


def test_nothing_of_a_stranger_is_markup(hostile: ApiClient, browser: Browser) -> None:
    """On every page what was sent is text: no tag, no handler, no link to elsewhere."""
    shown = 0
    for path in paths(hostile):
        response = browser.http.get(path, follow_redirects=True)
        assert response.status_code == 200, path
        if response.mimetype == "text/html":
            page = parsed(response.text)
            assert page.wrong == [], path
            shown += SCRIPT in "".join(page.text)
    assert shown >= 10


def test_headers_and_sizes(hostile: ApiClient, browser: Browser) -> None:
    """Every page forbids all that is not its own, is kept nowhere, and is small."""
    for path in paths(hostile, each=1):
        response = browser.http.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'"), path
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert response.headers["Cache-Control"] == "no-store", path
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert len(gzip.compress(response.data)) < 100_000, path


def test_a_read_key(hostile: ApiClient, browser: Browser) -> None:
    """It sees no body and no button, and the routes behind them refuse it."""
    _, secret = hostile.keys.create("reader", "read")
    reader = Browser(hostile)
    reader.sign_in(secret)
    secrets = {each["id"]: each for each in hostile.items("/v1/events?limit=1")}
    for path in paths(hostile, each=1):
        response = reader.http.get(path, follow_redirects=True)
        if re.search(r"/object\b", path):
            assert response.status_code == 403, path
            continue
        assert response.status_code == 200, path
        buttons = set(parsed(response.text).buttons)
        assert buttons <= {"Search", "Sign out", "Copy", "Filter", "Show", "Send"}, path
        assert not any(f'"id": "{id}"' in response.text for id in secrets), path
    token = reader.token("/")
    for rule in hostile.app.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and "POST" in (rule.methods or ()):
            if rule.rule in ("/sign-in", "/sign-out", "/docs/try"):
                continue
            path = re.sub(r"<[^>]*>", "x_1", rule.rule)
            assert reader.http.post(path, data={"form_token": token}).status_code == 403, path


def test_the_slider_shows_what_rest_says(shared: ApiClient, browser: Browser) -> None:
    """At each of its moments every field of text is that of the row as of then."""
    for number, status in enumerate(("pending", "pending", "succeeded")):
        document = charge(
            50, status=status, paid=status == "succeeded", description=f"{status} {number}"
        )
        document["created"] += number
        shared.store(document)
    moments = parsed(browser.get("/orders/ch_50")).moments
    assert len(moments) == 3
    statuses = []
    for moment in moments:
        row = shared.get(f"/v1/orders/ch_50?as_of={moment}").get_json()
        fields = parsed(browser.get(f"/orders/ch_50?as_of={moment}")).fields
        for declared in KINDS["orders"].fields:
            if declared.type in (Type.TEXT, Type.CODE, Type.ID):
                expected = "none" if row[declared.name] is None else row[declared.name]
                assert fields[declared.name.replace("_", " ")] == expected
        assert fields["amount"] == money(row["amount"], row["currency"])
        statuses.append(row["status"])
    assert statuses == ["processing", "processing", "paid"]


def test_the_timeline_shows_before_and_after(shared: ApiClient, browser: Browser) -> None:
    """Each entry has what REST's has."""
    first, second = charge(60, description="before"), charge(60, description="after")
    second["created"] += 5
    shared.store(second, first)
    page = browser.get("/orders/ch_60")

    text = text_of(page)
    assert "description was before → after" in text
    # It came before the one that is older, and then once more.
    assert "late" in text and "duplicate" not in text
    shared.deliver(body_of(first))
    assert "duplicate" in text_of(browser.get("/orders/ch_60"))
    assert f"set by {first['type']}" in text_of(browser.get("/orders/ch_60/fields"))


def test_a_long_history(shared: ApiClient, browser: Browser) -> None:
    """It comes after the page, in parts; for who has no JavaScript its first part with it."""
    for number in range(60):
        document = charge(61, description=f"change {number}")
        document["created"] += number
        shared.deliver(body_of(document))
    shared.follow()

    page = browser.get("/orders/ch_61")
    assert "change 59" in page and "change 49" not in page
    assert 'hx-get="/orders/ch_61/timeline' in page and "whole=1" in page
    assert "change 49" in browser.get("/orders/ch_61?whole=1")
    timeline = browser.get("/orders/ch_61/timeline")
    assert len(parsed(timeline).moments) == 50 and "change 50" not in timeline
    [later] = re.findall(r'<a class="button" href="([^"]*)" rel="next">', timeline)
    following = browser.get(unescape(later))
    assert len(parsed(following).moments) == 10 and "change 59" in following


def test_the_bar_of_a_rebuild(shared: ApiClient, browser: Browser) -> None:
    """A rebuild that runs shows how far it is, at which rate, and how long it takes yet."""
    catalog = shared.projections.catalog
    rebuilds = catalog.control.rebuilds
    seconds = int(time.time())
    row = {"kind": "payouts", "state": "running", "done": 30_000, "total": 90_000,
           "started": seconds - 10, "heartbeat": seconds}  # fmt: skip
    with write_transaction(catalog.engine) as connection:
        connection.execute(insert(rebuilds).values(row))
    try:
        page = browser.get("/projections")
    finally:
        with write_transaction(catalog.engine) as connection:
            connection.execute(delete(rebuilds).where(rebuilds.c.kind == "payouts"))
    assert '<progress max="90000" value="30000"' in page
    assert "30,000 of 90,000, 3,000 a second, 20 s left" in text_of(page)


def test_an_order_is_found_by_its_charge(shared: ApiClient, browser: Browser) -> None:
    """An id leads to the row that it is of; a part of one, a name or a value to what has it."""
    intent = {"id": "pi_70", "object": "payment_intent", "amount": 100, "currency": "eur",
              "status": "succeeded", "latest_charge": "ch_70", "created": NOW - 100}  # fmt: skip
    shared.store(
        event(type="payment_intent.succeeded", data={"object": intent}),
        charge(70, payment_intent="pi_70", metadata={"shop": "cart-70"}),
    )
    assert "/orders/pi_70?" in browser.http.get("/search?q=ch_70").headers["Location"]
    assert "/orders/pi_70?" in browser.http.get("/find?id=ch_70").headers["Location"]
    assert "pi_70" in browser.get("/search?q=cart-7")
    [entry] = shared.items("/v1/events?object_id=pi_70")
    assert browser.http.get(f"/search?q={entry['id']}").headers["Location"].endswith(entry["id"])
    assert "Nothing begins with this" in browser.get("/search?q=%F0%9F%8D%95%27%22--")


def test_csv(hostile: ApiClient, browser: Browser) -> None:
    """What is filtered, with every field; no cell is a formula of a spreadsheet."""
    hostile.store(charge(80, currency="sek", description="=1+1"), charge(81, currency="sek"))
    response = browser.http.get("/orders.csv?currency=sek")
    rows = list(csv.DictReader(io.StringIO(response.text)))

    assert [row["id"] for row in rows] == ["ch_81", "ch_80"]
    assert list(rows[0]) == [column.name for column in KINDS["orders"].columns]
    assert rows[1]["description"] == "'=1+1"
    assert rows[1]["amount"] == "8000"


def test_a_live_part(hostile: ApiClient, browser: Browser) -> None:
    """It is sent alone, and not again while it is the same."""
    part = browser.http.get("/events", headers={"HX-Request": "true"})
    assert "<html" not in part.text and 'id="live"' in part.text
    headers = {"HX-Request": "true", "If-None-Match": part.headers["ETag"]}
    assert browser.http.get("/events", headers=headers).status_code == 304
    hostile.store(charge(90))
    assert browser.http.get("/events", headers=headers).status_code == 200


def test_a_part_of_who_is_not_signed_in(shared: ApiClient) -> None:
    """It lets the page as a whole be loaded anew, which asks to sign in."""
    response = Browser(shared).http.get("/events", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Refresh"]) == (204, "true")


def test_wrong_parameters(browser: Browser) -> None:
    """A page says what is wrong with its address, as REST does."""
    assert "is not a parameter" in browser.get("/orders?toast=1", status=422)
    assert "must be a day" in browser.get("/orders?from=yesterday", status=422)
    assert "Not found" in browser.get("/orders/ch_unknown", status=404)
    browser.get("/events/evt_unknown", status=404)


def test_an_address_without_a_page(shared: ApiClient, browser: Browser) -> None:
    """It is a page for who reads pages, signed in or not; for every other client REST's problem."""
    pages = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for reader in (browser, Browser(shared)):
        response = reader.http.get("/nothing/here", headers=pages)
        assert (response.status_code, response.mimetype) == (404, "text/html")
        assert "There is no page at this address" in response.text
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    for accept in ("*/*", "application/json"):
        problem(browser.http.get("/nothing/here", headers={"Accept": accept}), 404)
    problem(shared.http.post("/nothing", headers={"Accept": "*/*"}), 404)


def test_buttons(shared: ApiClient, browser: Browser) -> None:
    """A rebuild, a pause and a retry are what REST makes of them."""
    assert browser.post("/projections/orders/rebuild", "/projections").status_code == 303
    states = {each["kind"]: each["status"] for each in shared.items("/v1/projections?limit=100")}
    assert states["orders"] == "rebuild_requested"
    shared.follow()
    subscriber, _ = shared.notify.subscribers.add("https://shop.example/", ["order.paid"])
    page = f"/subscribers/{subscriber.id}"
    browser.post(f"{page}/status", page, status="paused")
    assert shared.get(f"/v1{page}").get_json()["status"] == "paused"
    shared.deliver(b"[]")
    [quarantined] = shared.items("/v1/quarantine?limit=1")
    page = f"/quarantine/{quarantined['id']}"
    response = browser.post(f"{page}/retry", page)
    assert "it is still no event" in browser.get(response.headers["Location"])


def test_trying_a_route(shared: ApiClient, browser: Browser) -> None:
    """The answer is REST's own; a route that writes wants the form's token."""
    shared.store(charge(95))
    page = browser.get("/docs/try?path=/v1/orders/{id}&send=1&path.id=ch_95")
    assert '"id": "ch_95"' in text_of(page)
    rebuild = "/docs/try?method=POST&path=/v1/projections/{kind}/rebuild"
    assert browser.http.post(rebuild, data={"path.kind": "refunds"}).status_code == 403
    answer = browser.post(rebuild, rebuild, **{"path.kind": "refunds"})
    assert "202" in text_of(answer.text)
    browser.get("/docs/try?path=/metrics", status=404)
    assert FULL_KEY not in page
