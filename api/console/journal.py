"""The journal: what is on each account, what moved it, what is not proven, what a payout is of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response

from api import problems
from api.console import rest
from api.console.links import with_query
from api.console.listing import arguments, list_page
from api.console.rendering import page
from api.console.session import View, add_pages
from api.problems import Problem
from projections.journal.export.formats import FORMATS

__all__ = ["add_routes"]

_BOOK = ("account", "livemode", "before", "at_position")


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of the journal's pages."""
    pages: dict[str, View] = {
        "/journal": show_trial_balance,
        "/journal/entries": list_entries,
        "/journal/unproven": list_unproven,
        "/payouts/<id:id>/reconciliation": show_reconciliation,
    }
    add_pages(blueprint, pages)


def show_trial_balance() -> Response:
    """Every account of a book, at a date and as known at a position; debits equal credits."""
    shown = arguments()
    document = rest.get("/v1/journal/trial-balance", **_parameters(shown))
    return page(
        "journal.html",
        arguments=shown,
        document=document,
        book=_book(shown),
        formats=FORMATS,
    )


def list_entries() -> Response:
    """The entries of a book, of an account or of an object."""
    part = list_page("/v1/journal/entries", **_moments(arguments()))
    return page("journal_entries.html", part=part, book=_book(part.arguments))


def list_unproven() -> Response:
    """Clearing that is not zero, the oldest first, and why."""
    part = list_page("/v1/journal/unproven", upwards=True, **_moments(arguments()))
    return page("journal_unproven.html", part=part, book=_book(part.arguments))


def show_reconciliation(id: str) -> Response:
    """What a payout is of, and whether it adds up."""
    document = rest.get(rest.path("payouts", id, "reconciliation"), **arguments())
    return page("reconciliation.html", id=id, document=document, arguments=arguments())


def _book(shown: Mapping[str, str]) -> str:
    """The part of a URL that names the book and both times, for links within the journal."""
    return with_query("", {name: shown[name] for name in _BOOK if name in shown}).removeprefix("?")


def _parameters(shown: Mapping[str, str]) -> dict[str, Any]:
    return {**shown, **_moments(shown)}


def _moments(shown: Mapping[str, str]) -> dict[str, Any]:
    """`before` as REST takes it."""
    text = shown.get("before")
    if text is None:
        return {}
    try:
        begin = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        detail = "before must be a day like 2026-02-01"
        raise Problem(problems.INVALID_PARAMETERS, detail) from None
    return {"before": int(begin.timestamp())}
