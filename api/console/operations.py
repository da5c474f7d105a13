"""Pages of what is going on: deliveries, projections, quarantine, dead letters, keys, Stripe."""

from __future__ import annotations

from flask import Blueprint, Response, request

from api.console import rest
from api.console.chart import lines
from api.console.listing import list_page
from api.console.rendering import page, see_other
from api.console.rest import RestProblem
from api.console.session import View, add_buttons, add_pages, current_caller

__all__ = ["add_routes"]


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of these pages, and of their buttons."""
    pages: dict[str, View] = {
        "/deliveries": show_deliveries,
        "/projections": show_projections,
        "/quarantine": list_quarantine,
        "/quarantine/<id:id>": show_quarantined,
        "/dead-letters": list_dead_letters,
        "/keys": list_keys,
        "/stripe": show_stripe,
        "/stripe/endpoints": show_endpoints,
    }
    add_pages(blueprint, pages)
    buttons: dict[str, View] = {
        "/projections/<id:kind>/rebuild": rebuild,
        "/projections/<id:kind>/check": check,
        "/quarantine/<id:id>/retry": retry_quarantined,
    }
    add_buttons(blueprint, buttons)


def show_deliveries() -> Response:
    """The last answers of the way in, and how many there were a minute."""
    minutes = rest.get("/v1/deliveries/minutes", minutes=60)["data"]
    return page(
        "deliveries.html",
        part=list_page("/v1/deliveries", limit=50),
        minutes=minutes,
        chart=lines(minutes, ("accepted", "refused")),
    )


def show_projections() -> Response:
    """How each projection is doing; the bar of a rebuild moves by itself."""
    return page("projections.html", projections=rest.get("/v1/projections", limit=100)["data"])


def rebuild(kind: str) -> Response:
    """Request a rebuild."""
    rest.send("POST", rest.path("projections", kind, "rebuild"))
    return see_other("/projections")


def check(kind: str) -> Response:
    """Request a check."""
    rest.send("POST", rest.path("projections", kind, "check"))
    return see_other("/projections")


def list_quarantine() -> Response:
    """The quarantined deliveries."""
    return page("quarantine.html", part=list_page("/v1/quarantine"))


def show_quarantined(id: str) -> Response:
    """One quarantined delivery; its bytes only with a key of scope full."""
    delivery = None
    if current_caller().scope == "full":
        delivery = rest.get(rest.path("quarantine", id))
    return page("quarantined.html", id=id, delivery=delivery, result=request.args.get("result"))


def retry_quarantined(id: str) -> Response:
    """Read a quarantined delivery once more."""
    result = rest.send("POST", rest.path("quarantine", id, "retry"))
    return see_other(f"/quarantine/{id}?result={result['status']}")


def list_dead_letters() -> Response:
    """The dead letters."""
    return page("dead_letters.html", part=list_page("/v1/dead-letters"))


def list_keys() -> Response:
    """The keys, without their secrets."""
    return page("keys.html", part=list_page("/v1/keys"))


def show_stripe() -> Response:
    """What the sweeps found; what Stripe has to be asked for comes after the page."""
    return page("stripe.html", state=rest.get("/v1/stripe"))


def show_endpoints() -> Response:
    """The endpoints at Stripe, as it answers this moment."""
    try:
        endpoints, problem = rest.get("/v1/stripe/endpoints", limit=100)["data"], None
    except RestProblem as refused:
        endpoints, problem = [], refused.document
    return page("endpoints.html", endpoints=endpoints, problem=problem)
