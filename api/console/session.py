"""Who is signed in, by the cookie of a request; and that a form was made for that session."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, g, request

from api import problems
from api.backend import backend
from api.console.stores import stores
from api.keys import Caller, Scope
from api.problems import Problem

__all__ = [
    "COOKIE",
    "View",
    "add_buttons",
    "add_pages",
    "check_form",
    "current_caller",
    "forget",
    "form_token",
    "guarded",
    "local_path",
    "set_cookie",
    "signed_in",
    "token_of_cookie",
]

COOKIE = "ledger_session"
_NEW_COOKIE = "console_new_cookie"
_CALLER = "console_caller"

View = Callable[..., Response]


def signed_in() -> Caller | None:
    """Who is signed in; None without a session, and where its key was revoked."""
    if _CALLER not in g:
        g.setdefault(_CALLER, _caller())
    caller: Caller | None = g.get(_CALLER)
    return caller


def current_caller() -> Caller:
    """Who is signed in; a 401 problem where nobody is."""
    caller = signed_in()
    if caller is None:
        raise Problem(problems.UNAUTHORIZED)
    return caller


def forget() -> None:
    """Whoever was signed in is not any more, for the rest of this request."""
    setattr(g, _CALLER, None)


def guarded(scope: Scope = "read") -> Callable[[View], View]:
    """Let only somebody who is signed in see a page, with a key of the scope that it needs.

    A POST has to carry the token of the session's forms.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def run(**path: Any) -> Response:
            caller = signed_in()
            if caller is None:
                return _to_sign_in()
            if request.method == "POST":
                check_form()
            if scope == "full" and caller.scope != "full":
                raise Problem(problems.SCOPE_TOO_SMALL)
            return view(**path)

        return run

    return decorate


def add_pages(blueprint: Blueprint, pages: Mapping[str, View]) -> None:
    """Add pages by their rules, for everybody who is signed in."""
    for rule, view in pages.items():
        blueprint.add_url_rule(rule, view_func=guarded()(view))


def add_buttons(blueprint: Blueprint, buttons: Mapping[str, View]) -> None:
    """Add what buttons of pages do, by its rules, for those whose key may do everything."""
    for rule, button in buttons.items():
        blueprint.add_url_rule(rule, view_func=guarded("full")(button), methods=["POST"])


def form_token() -> str:
    """The token for the forms of this page; who has no cookie yet is sent one with the page."""
    return stores().signing.form_token(token_of_cookie() or _new_token())


def check_form() -> None:
    """Refuse a form that was not made for this session."""
    token = token_of_cookie()
    text = request.form.get("form_token", "")
    if token is None or not stores().signing.is_form_token(text, token):
        raise Problem(
            problems.SCOPE_TOO_SMALL,
            "The form is not one of this session; load the page again.",
        )


def token_of_cookie() -> str | None:
    """The token in the request's cookie, if it was signed here."""
    return stores().signing.token(request.cookies.get(COOKIE, ""))


def set_cookie(response: Response, token: str | None = None) -> Response:
    """The response with the cookie of a new session, or of one that is to come."""
    token = token or g.get(_NEW_COOKIE)
    if token is not None:
        response.set_cookie(
            COOKIE,
            stores().signing.cookie(token),
            httponly=True,
            samesite="Lax",
            secure=bool(backend().settings.require_https),
        )
    return response


def local_path(text: str) -> str:
    """The path to go to after signing in, which must not lead to another site."""
    parts = urlsplit(text.replace("\\", "/"))
    is_local = text.startswith("/") and not text.startswith("//") and not parts.netloc
    return text if is_local and text.isprintable() else "/"


def _caller() -> Caller | None:
    token = token_of_cookie()
    key = stores().sessions.key_of(token) if token else None
    return None if key is None else backend().keys.caller_of(key)


def _new_token() -> str:
    token: str = g.setdefault(_NEW_COOKIE, secrets.token_urlsafe(32))
    return token


def _to_sign_in() -> Response:
    if "HX-Request" in request.headers:
        # A part of a page that is open: the page as a whole asks to sign in.
        return Response(status=204, headers={"HX-Refresh": "true"})
    if request.method != "GET":
        raise Problem(problems.UNAUTHORIZED, "You are not signed in any more.")
    wanted = request.full_path.rstrip("?")
    query = "" if wanted == "/" else f"?{urlencode({'next': wanted})}"
    return Response(status=303, headers={"Location": f"/sign-in{query}"})
