"""Signing in by an API key or by a link that works once, and signing out."""

from __future__ import annotations

from flask import Blueprint, Response, request

from api.backend import backend
from api.console.rendering import error_page, page, see_other
from api.console.session import (
    check_form,
    forget,
    guarded,
    local_path,
    set_cookie,
    signed_in,
    token_of_cookie,
)
from api.console.stores import stores
from api.telemetry import logs
from api.telemetry.acts import log_act

__all__ = ["add_routes"]

_NO_SECRET = (
    "Nobody can sign in: set LEDGER_SESSION_SECRET to at least 32 random characters, for example"
    " what `openssl rand -hex 32` prints, and start the ledger again."
)


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of signing in and out."""
    blueprint.add_url_rule("/sign-in", view_func=show_sign_in, methods=["GET"])
    blueprint.add_url_rule("/sign-in", view_func=sign_in, methods=["POST"])
    blueprint.add_url_rule("/sign-out", view_func=guarded()(sign_out), methods=["POST"])


def show_sign_in() -> Response:
    """The form to sign in with; a link that signs in once is taken at its word."""
    wanted = local_path(request.args.get("next", "/"))
    if not stores().signing:
        return error_page("The console is closed", _NO_SECRET, 503)
    if _is_insecure():
        return _insecure()
    if "once" in request.args:
        return _sign_in_once(request.args["once"], wanted)
    if signed_in() is not None:
        return see_other(wanted)
    return page("sign_in.html", wanted=wanted, error=None)


def sign_in() -> Response:
    """Check a key and begin a session, whose token is a new one."""
    if not stores().signing:
        return error_page("The console is closed", _NO_SECRET, 503)
    if _is_insecure():
        return _insecure()
    check_form()
    wanted, address = local_path(request.form.get("next", "/")), request.remote_addr
    seconds = stores().throttle.wait_seconds(address)
    if seconds:
        text = f"Too many wrong keys. Try again in {seconds} seconds."
        response = page("sign_in.html", status=429, wanted=wanted, error=text)
        response.headers["Retry-After"] = str(seconds)
        return response
    key = backend().keys.reference(request.form.get("key", "").strip())
    if key is None:
        stores().throttle.note_wrong(address)
        logs.log.warning("console_key_refused", request_id=logs.request_id())
        error = "This is no valid API key."
        return page("sign_in.html", status=403, wanted=wanted, error=error)
    return _begin(key, wanted)


def sign_out() -> Response:
    """End the session."""
    token = token_of_cookie()
    if token is not None:
        stores().sessions.end(token)
    forget()
    response = page("signed_out.html")
    # Also what the browser still keeps of the pages.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _sign_in_once(link: str, wanted: str) -> Response:
    signed = stores().signing.key_of_link(link)
    if signed is None or not stores().sessions.use_up(signed[1]):
        text = "This link has signed somebody in already, or is too old. Sign in with a key."
        return page("sign_in.html", status=403, wanted=wanted, error=text)
    if backend().keys.caller_of(signed[0]) is None:
        text = "The key of this link is not valid any more."
        return page("sign_in.html", status=403, wanted=wanted, error=text)
    return _begin(signed[0], wanted)


def _begin(key: str, wanted: str) -> Response:
    caller = backend().keys.caller_of(key)
    assert caller is not None
    token = stores().sessions.begin(key)
    log_act("console_signed_in", by=caller.name, key_id=caller.key_id, request_id=logs.request_id())
    return set_cookie(see_other(wanted), token)


def _is_insecure() -> bool:
    return bool(backend().settings.require_https) and request.scheme != "https"


def _insecure() -> Response:
    text = (
        "This ledger is reached over HTTPS only: see LEDGER_REQUIRE_HTTPS and"
        " LEDGER_TRUSTED_PROXIES."
    )
    return error_page("HTTPS is needed", text, 403)
