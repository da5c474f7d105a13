"""Pages as responses: headers that let nothing else in, ETags, and parts of pages for htmx."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from flask import Response, render_template, request

from api.backend import backend
from api.console import assets
from api.console.session import form_token, set_cookie, signed_in
from api.console.stores import stores

__all__ = ["error_page", "is_part", "page", "secured", "see_other"]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Cookie, HX-Request",
}

# Who looks at which page: the navigation, in the order in which it is shown.
_NAVIGATION = {
    "Overview": "/",
    "Events": "/events",
    "Deliveries": "/deliveries",
    "Projections": "/projections",
    "Notifications": "/notifications",
    "Subscribers": "/subscribers",
    "Journal": "/journal",
    "Stripe": "/stripe",
    "Quarantine": "/quarantine",
    "Dead letters": "/dead-letters",
    "Keys": "/keys",
    "API": "/docs",
}


def is_part() -> bool:
    """Whether htmx asks for a part of a page that is open."""
    return "HX-Request" in request.headers


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """A page, or only its content where htmx asks; a 304 if the browser has the same."""
    caller = signed_in()
    text = render_template(
        f"console/{template}",
        layout="console/part.html" if is_part() else "console/layout.html",
        caller=caller,
        may_write=caller is not None and caller.scope == "full",
        form_token=form_token() if stores().signing else "",
        navigation=_NAVIGATION,
        kinds_navigation=[
            (name.replace("_", " ").capitalize(), f"/{name}")
            for name in backend().projections.kinds
        ],
        asset=assets.url,
        **context,
    )
    response = Response(text, status, content_type="text/html; charset=utf-8")
    if request.method == "GET" and status == 200:
        # Over the text: a new token of forms comes with another page anyway.
        response.set_etag(sha256(text.encode()).hexdigest()[:32])
        response.make_conditional(request)
    return set_cookie(secured(response))


def error_page(title: str, detail: str, status: int, **headers: str) -> Response:
    """A page that says what is wrong."""
    response = page("error.html", status=status, title=title, detail=detail)
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def see_other(url: str) -> Response:
    """Lead to another page of the console, after a form was handled."""
    return secured(Response(status=303, headers={"Location": url}))


def secured(response: Response) -> Response:
    """The response with the headers of every page."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
