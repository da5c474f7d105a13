"""axe finds nothing on any page, in light and in dark; parts of pages live by themselves."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from api.simulator import story
from tests.api.client import FULL_KEY, ApiClient
from tests.api.deliveries import body_of, charge
from tests.console.chromium import NEEDED, chromium
from tests.console.paths import paths

NPM = shutil.which("npm")
PACKAGE = "axe-core@4.14.1"
STORIES = ("order_with_3ds_and_partial_refund", "dispute_lost", "checkout_of_a_subscription",
           "invoice_paid_by_two_payments", "payout_paid", "subscription_with_a_coupon")  # fmt: skip
# Of the kinds, whose pages are made alike, those that have the most to show.
KINDS_SHOWN = ("orders", "subscriptions")
# Dark differs from light by its colours only.
SCHEMES: dict[Literal["light", "dark"], str] = {
    "light": '{resultTypes: ["violations"]}',
    "dark": '{resultTypes: ["violations"], runOnly: ["color-contrast"]}',
}
WIDTHS = (360, 1280, 1920)

pytestmark = [
    pytest.mark.slow,
    NEEDED,
    pytest.mark.skipif(NPM is None, reason="there is no npm to get axe with"),
]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe."""
    directory = tmp_path_factory.mktemp("axe")
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    command = [str(NPM), "install", *options, PACKAGE]
    try:
        result = subprocess.run(command, cwd=directory, capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm does not get {PACKAGE} within two minutes")
    if result.returncode != 0:
        pytest.skip(f"npm does not get {PACKAGE}")
    return Path(directory, "node_modules/axe-core/axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def base(shared: ApiClient) -> Iterator[str]:
    """The address of a ledger of which every page has something to show."""
    for number, name in enumerate(STORIES):
        for event in story(name, index=number).events:
            shared.deliver(body_of(event))
    shared.deliver(b"[]")
    shared.keys.create("reader", "read")
    shared.notify.subscribers.add("https://shop.example/hook", ["*"], name="shop")
    shared.follow()
    server = make_server("127.0.0.1", 0, shared.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_live_parts(shared: ApiClient, base: str) -> None:
    """What is new comes by itself; the same is not sent again; a hidden tab asks nothing."""
    with chromium(base) as tab:
        statuses: list[int] = []
        tab.page.on("response", lambda response: statuses.append(response.status))
        tab.sign_in(FULL_KEY)
        tab.open("/events")
        tab.page.wait_for_timeout(5_000)
        assert 304 in statuses
        document = charge(700)
        shared.deliver(body_of(document))
        expect(tab.page.locator("#live")).to_contain_text(document["id"])
        tab.page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
        tab.page.wait_for_timeout(500)
        count = len(statuses)
        tab.page.wait_for_timeout(5_000)
        assert len(statuses) == count
    assert tab.wrong == []


def test_the_keyboard(base: str) -> None:
    """`/` focuses the search, and the first stop of the tab key skips to the content."""
    with chromium(base) as tab:
        tab.sign_in(FULL_KEY)
        tab.open("/orders")
        tab.page.keyboard.press("Tab")
        expect(tab.page.get_by_role("link", name="Skip to content")).to_be_focused()
        tab.page.keyboard.press("/")
        expect(tab.page.get_by_role("searchbox")).to_be_focused()
        tab.page.keyboard.type("a/b")
        expect(tab.page.get_by_role("searchbox")).to_have_value("a/b")


def test_every_page(shared: ApiClient, base: str, axe: str) -> None:
    """No finding of axe, no refusal of the policy, no scrolling sideways."""
    findings: list[str] = []
    with chromium(base) as tab:
        tab.sign_in(FULL_KEY)
        tab.page.wait_for_url(f"{base}/")
        for path in ("/docs", *paths(shared, each=1)):
            resource = path.split("/")[1].partition("?")[0]
            if ".csv" in path or resource in set(shared.kinds) - set(KINDS_SHOWN):
                continue
            tab.open(path)
            # What comes after the page.
            tab.page.wait_for_timeout(300)
            tab.page.evaluate(axe)
            for scheme, options in SCHEMES.items():
                tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                result = tab.page.evaluate(f"axe.run(document, {options})")
                findings += [
                    f"{path} {scheme}: {each['id']}: {each['nodes'][0]['html'][:200]}"
                    for each in result["violations"]
                ]
            for width in WIDTHS:
                tab.page.set_viewport_size({"width": width, "height": 900})
                beyond = tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                findings += [f"{path}: {beyond} px beyond {width}"] if beyond > 0 else []
    assert findings == []
    assert tab.wrong == []
