"""The overview: money, deliveries, and what needs somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from api.backend import backend
from api.console import rest
from api.console.chart import lines
from api.console.rendering import page
from api.console.rest import RestProblem
from api.console.session import guarded
from api.console.values import ago

__all__ = ["add_routes"]

_DAY_SECONDS = 86_400
_LAG_SECONDS = 60
_ROUNDS_MISSED_MAX = 3
# What a summary says of money: the kind, the statuses (all but some), and the amount.
_FIGURES: Mapping[str, tuple[str, Sequence[str], str]] = {
    "received": ("orders", (), "amount_received"),
    "refunded": ("refunds", ("failed", "canceled"), "amount"),
    "disputed": ("disputes", ("won", "prevented"), "amount"),
    "paid out": ("payouts", ("failed", "canceled"), "amount"),
}


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that needs somebody, and where to see it."""

    text: str
    href: str


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of the overview and of its parts."""
    blueprint.add_url_rule("/", view_func=guarded()(show_overview))
    for name in _PARTS:
        view = guarded()(_part(name))
        blueprint.add_url_rule(f"/overview/{name}", f"overview_{name}", view)


def show_overview() -> Response:
    """The frame at once; its parts come after it, or with it for who has no JavaScript."""
    whole = "whole" in request.args
    parts = {
        name: part() if whole and name not in _ASKED_ONCE else None for name, part in _PARTS.items()
    }
    return page("overview.html", whole=whole, parts=parts, asked_once=_ASKED_ONCE)


def _part(name: str) -> Callable[[], Response]:
    def show() -> Response:
        return page("overview_part.html", name=name, part=_PARTS[name]())

    return show


def _money() -> dict[str, Any]:
    """By currency and mode: what came and went today, and over thirty days."""
    seconds = int(backend().clock())
    begins = {"today": seconds - seconds % _DAY_SECONDS, "30 days": seconds - 30 * _DAY_SECONDS}
    figures: dict[tuple[str, bool], dict[str, dict[str, int]]] = {}
    for period, since in begins.items():
        for row in rest.get("/v1/summary", since=since, limit=100)["data"]:
            if row["currency"] is None:
                continue
            scope = (row["currency"], row["livemode"])
            totals = figures.setdefault(
                scope, {name: dict.fromkeys(begins, 0) for name in _FIGURES}
            )
            for name, (kind, excluded, amount) in _FIGURES.items():
                totals[name][period] += sum(
                    total[amount]
                    for status, total in row[kind].items()
                    if status not in excluded and not status.startswith("warning_")
                )
    return {"figures": figures, "periods": list(begins)}


def _deliveries() -> dict[str, Any]:
    minutes = rest.get("/v1/deliveries/minutes", minutes=60)["data"]
    return {"minutes": minutes, "chart": lines(minutes, ("accepted", "refused"))}


def _attention() -> dict[str, Any]:
    return {"matters": [*_of_projections(), *_of_deliveries(), *_of_notifications(), *_of_stripe()]}


def _of_projections() -> Iterator[Matter]:
    for state in rest.get("/v1/projections", limit=100)["data"]:
        kind, url = state["kind"].replace("_", " "), "/projections"
        if state["dead_letters"]:
            text = f"{kind}: {state['dead_letters']} dead letters, whose rows are stale"
            yield Matter(text, f"/dead-letters?kind={state['kind']}")
        if (state["lag_seconds"] or 0) > _LAG_SECONDS:
            text = f"{kind}: {state['lag_events']} events behind, {state['lag_seconds']:.0f} s"
            yield Matter(text, url)
        if state["differences"]:
            text = f"{kind}: {state['differences']} fields differed from the log when checked"
            yield Matter(text, url)
        if state["status"] in ("rebuild_stopped", "of_another_log"):
            yield Matter(f"{kind}: {state['status'].replace('_', ' ')}", url)


def _of_deliveries() -> Iterator[Matter]:
    quarantined = rest.get("/v1/quarantine", limit=10)
    if quarantined["data"]:
        more = " or more" if quarantined["has_more"] else ""
        count = len(quarantined["data"])
        yield Matter(f"{count}{more} signed deliveries are no events: quarantine", "/quarantine")
    refused = rest.get("/v1/deliveries", accepted=False, limit=100)["data"]
    hour = [each for each in refused if each["received_at"] > backend().clock() - 3600]
    if hour:
        text = f"{len(hour)} deliveries were refused in the last hour"
        yield Matter(text, "/deliveries?accepted=false")


def _of_notifications() -> Iterator[Matter]:
    for each in rest.get("/v1/subscribers", limit=100)["data"]:
        name, url = each["name"] or each["url"] or each["handler"], f"/subscribers/{each['id']}"
        if each["status"] != "active":
            yield Matter(
                f"subscriber {name} is {each['status']}: {each['reason'] or 'by hand'}", url
            )
        if each["given_up"]:
            yield Matter(f"{each['given_up']} notifications to {name} were given up", url)


def _of_stripe() -> Iterator[Matter]:
    state = rest.get("/v1/stripe")
    missed = sum(each["missed"] for each in state["fetched"])
    if missed:
        yield Matter(f"{missed} events were fetched that no webhook brought in time", "/stripe")
    rounds = _ROUNDS_MISSED_MAX * 60 * state["sweep_minutes"]
    if state["is_asked"] and rounds and state["swept_until"] is not None:
        behind = backend().clock() - state["swept_until"]
        if behind > rounds + _DAY_SECONDS / 24:
            yield Matter(
                f"Stripe's events were last compared {ago(state['swept_until'])}", "/stripe"
            )


def _endpoints() -> dict[str, Any]:
    """The endpoints that lead here and are not right, as Stripe answers this moment."""
    if not rest.get("/v1/stripe")["is_asked"]:
        return {"is_asked": False, "matters": []}
    try:
        endpoints = rest.get("/v1/stripe/endpoints", limit=100)["data"]
    except RestProblem as refused:
        return {"is_asked": True, "matters": [Matter(refused.document["detail"], "/stripe")]}
    matters = [
        Matter(f"{each['id']} ({each['url']}): {problem}", "/stripe/endpoints")
        for each in endpoints
        if each["is_ours"]
        for problem in each["problems"]
    ]
    if not any(each["is_ours"] for each in endpoints):
        matters.append(Matter("no endpoint at Stripe leads to a ledger", "/stripe/endpoints"))
    return {"is_asked": True, "matters": matters}


_PARTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "attention": _attention,
    "money": _money,
    "deliveries": _deliveries,
    "endpoints": _endpoints,
}
# Stripe is asked when the page is opened, and not every few seconds.
_ASKED_ONCE = frozenset({"endpoints"})
