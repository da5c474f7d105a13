"""Sessions: nothing is shown without one, and each of its rules holds."""

from __future__ import annotations

import re

import pytest

from api import keys
from api.console.sessions import IDLE_SECONDS
from api.console.signing import Signing
from api.console.throttle import WRONG_MAX
from tests.api.client import FULL_KEY, ApiClient, problem
from tests.console.browser import SESSION_SECRET, Browser
from tests.console.conftest import CHANGES

OPEN = {"/sign-in", "/static/<name>"}


def test_nothing_is_shown_without_a_session(shared: ApiClient) -> None:
    """Every page leads to the sign-in, and every button is refused."""
    browser, count = Browser(shared), 0
    for rule in shared.app.url_map.iter_rules():
        if not rule.endpoint.startswith("console.") or rule.rule in OPEN:
            continue
        path = re.sub(r"<[^>]*>", "x_1", rule.rule)
        methods = rule.methods or set()
        if "GET" in methods:
            response = browser.http.get(path)
            assert response.status_code == 303, path
            assert response.headers["Location"].startswith("/sign-in"), path
        if "POST" in methods:
            assert browser.http.post(path).status_code in (401, 403), path
        count += 1
    assert count > 80


def test_signing_in_and_out(client: ApiClient) -> None:
    """A key begins a session with a cookie that scripts and other sites do not get; it ends it."""
    browser = Browser(client)
    browser.get("/sign-in")
    before = browser.cookie
    response = browser.sign_in(next="/orders?status=paid")

    assert response.status_code == 303
    assert response.headers["Location"] == "/orders?status=paid"
    attributes = response.headers["Set-Cookie"].split("; ")[1:]
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Lax"}
    # Who knew the cookie from before has nothing of the session.
    assert browser.cookie not in (None, before)
    assert "LEDGER_API_KEY" in browser.get("/")

    signed_in = browser.cookie
    assert browser.post("/sign-out", "/").status_code == 200
    browser.get("/", status=303)
    assert browser.cookie == signed_in, "it is the row that has gone"


def test_the_api_does_not_take_the_cookie(browser: Browser) -> None:
    """REST answers 401 to whoever is signed in to the console."""
    problem(browser.http.get("/v1/orders"), 401)


@pytest.mark.parametrize("key", ["", "wrong", "lk_wrong", "\x00", "é" * 300])
def test_a_wrong_key(shared: ApiClient, key: str) -> None:
    """It is refused on the same page, and not repeated there."""
    browser = Browser(shared)
    browser.http.environ_base["REMOTE_ADDR"] = f"192.0.2.{len(key)}"
    response = browser.sign_in(key)

    assert response.status_code == 403
    assert "This is no valid API key" in response.text
    assert len(key) < 4 or key not in response.text


def test_wrong_keys_slow_down(shared: ApiClient) -> None:
    """After ten in a minute the address waits, also with the right key; others do not."""
    browser = Browser(shared)
    browser.http.environ_base["REMOTE_ADDR"] = "2001:db8::1"
    statuses = [browser.sign_in(f"wrong-{number}").status_code for number in range(100)]

    assert statuses == WRONG_MAX * [403] + (100 - WRONG_MAX) * [429]
    browser.http.environ_base["REMOTE_ADDR"] = "2001:db8::2:1"
    response = browser.sign_in()
    assert response.status_code == 429 and 0 < int(response.headers["Retry-After"]) <= 60
    browser.http.environ_base["REMOTE_ADDR"] = "2001:db8:0:1::1"
    assert browser.sign_in().status_code == 303


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "/a\r\nb"],
)
def test_signing_in_leads_to_no_other_site(shared: ApiClient, wanted: str) -> None:
    """Whatever the link said, the page after it is one of the console."""
    assert Browser(shared).sign_in(next=wanted).headers["Location"] == "/"


def test_a_form_of_another_session(shared: ApiClient, browser: Browser) -> None:
    """A form without the session's own token changes nothing."""
    other = Browser(shared)
    other.sign_in()
    for token in ("", "0" * 64, other.token("/"), Browser(shared).token("/sign-in")):
        form = {"form_token": token}
        response = browser.http.post("/projections/orders/rebuild", data=form)
        assert response.status_code == 403
    assert browser.http.post("/sign-in", data={"key": FULL_KEY}).status_code == 403
    states = shared.items("/v1/projections?limit=100")
    assert {state["status"] for state in states} == {"live"}


def test_a_revoked_key(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sessions end with it."""
    monkeypatch.setattr(keys, "CACHE_SECONDS", 0.0)
    key_id, secret = client.keys.create("support", "read")
    browser = Browser(client)
    browser.sign_in(secret)
    assert "support · read" in browser.get("/")

    client.keys.revoke(key_id)
    browser.get("/", status=303)


def test_twelve_idle_hours(client: ApiClient) -> None:
    """A session ends when nothing was looked at for so long, and no sooner."""
    browser = Browser(client)
    browser.sign_in()
    for _ in range(3):
        client.clock.seconds += IDLE_SECONDS - 1
        browser.get("/")
    client.clock.seconds += IDLE_SECONDS + 61
    browser.get("/", status=303)


def test_a_link_signs_in_once(client: ApiClient) -> None:
    """The second who opens it has to have a key."""
    reference = client.app.extensions["stripe-ledger"].keys.reference(FULL_KEY)
    link = Signing([SESSION_SECRET]).link(reference)
    browser, second = Browser(client), Browser(client)

    assert browser.http.get(f"/sign-in?once={link}").headers["Location"] == "/"
    browser.get("/")
    assert "signed somebody in already" in second.get(f"/sign-in?once={link}", status=403)
    forged = Signing(["another secret of at least 32 characters"]).link(reference)
    second.get(f"/sign-in?once={forged}", status=403)
    second.get("/sign-in?once=", status=403)


def test_secrets_are_rotated(client: ApiClient) -> None:
    """With the new secret before the old one a session goes on; without the old one it ends."""
    browser = Browser(client)
    browser.sign_in()
    token = browser.token("/")
    for secrets, status in ((("n" * 32, SESSION_SECRET), 200), (("n" * 32,), 303)):
        other = ApiClient(client.url, {"session_secrets": secrets}, create=False)
        try:
            rotated = Browser(other)
            rotated.http.set_cookie("ledger_session", str(browser.cookie))
            rotated.get("/", status=status)
            form = {"form_token": token}
            expected = {200: 303, 303: 401}[status]
            path = "/projections/orders/rebuild"
            assert rotated.http.post(path, data=form).status_code == expected
        finally:
            other.close()


def test_https(client: ApiClient) -> None:
    """Where HTTPS is required no key is taken without it, and the cookie is sent only over it."""
    strict = ApiClient(client.url, {**CHANGES, "require_https": True}, create=False)
    try:
        browser = Browser(strict)
        assert "HTTPS" in browser.get("/sign-in", status=403)
        page = Browser(strict).http.get("/sign-in", base_url="https://localhost")
        assert "Secure" in page.headers["Set-Cookie"].split("; ")
    finally:
        strict.close()


def test_without_a_secret(client: ApiClient) -> None:
    """Nobody signs in, and the page says what to set."""
    closed = ApiClient(client.url, create=False)
    try:
        page = Browser(closed).get("/sign-in", status=503)
        assert "LEDGER_SESSION_SECRET" in page
        Browser(closed).get("/", status=303)
    finally:
        closed.close()
