"""``/v1/journal``: entries, balances, what is not proven; and what is in a payout."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from api import problems
from api.backend import backend
from api.problems import Problem
from api.resources import parameters, schemas
from api.resources.journal_schemas import (
    BalanceSchema,
    EntrySchema,
    TrialBalanceSchema,
    UnprovenSchema,
    balance_id,
    entry_members,
    unproven_id,
)
from api.resources.representation import json_response, list_response, page_of
from api.resources.route import StrictBlueprint, route
from projections import (
    BeyondHead,
    EntryFilter,
    EntryPage,
    View,
)

_VIEW: dict[str, fields.Field[Any]] = {
    "before": parameters.Timestamp(metadata={"description": "Only money dated before this time."}),
    "at_position": parameters.StrictInteger("As it was known when the log ended here."),
    "account": parameters.account(),
    "livemode": parameters.livemode(),
    "currency": parameters.Text("Only this currency."),
}
_ENTRIES = parameters.paged(
    {
        **_VIEW,
        "ledger_account": parameters.Text("Only entries with a line on this account."),
        "object_id": parameters.Text("Only of this Stripe object, or about its money."),
        "cause": parameters.Text("Only those that this event caused."),
        **parameters.compared("date", "Dated {} this time, in Unix seconds.", ("gte", "lt")),
    }
)


def blueprint() -> StrictBlueprint:
    """The routes of the journal."""
    blueprint = StrictBlueprint(
        "journal",
        __name__,
        url_prefix="/v1/journal",
        description="The double entry of all money.",
    )
    ready = [problems.NOT_CAUGHT_UP, problems.BEYOND_HEAD]
    route(blueprint, "/entries", query=_ENTRIES, response=schemas.list_of(EntrySchema),
          expects=ready)(list_entries)  # fmt: skip
    route(blueprint, "/entries/<id:id>", response=EntrySchema,
          expects=[problems.NOT_FOUND, *ready])(get_entry)  # fmt: skip
    route(blueprint, "/accounts", query=parameters.paged(_VIEW),
          response=schemas.list_of(BalanceSchema), expects=ready)(list_accounts)  # fmt: skip
    route(blueprint, "/trial-balance", query=parameters.query(_VIEW),
          response=TrialBalanceSchema, expects=ready)(trial_balance)  # fmt: skip
    route(blueprint, "/unproven", query=parameters.paged(_VIEW),
          response=schemas.list_of(UnprovenSchema), expects=ready)(list_unproven)  # fmt: skip
    return blueprint


def view_of(arguments: dict[str, Any]) -> View:
    """What a request's arguments ask for; raises ``BeyondHead``."""
    head = backend().ledger.log.head().position
    if arguments.get("at_position", 0) > head:
        raise BeyondHead(f"the log ends at {head}")
    bounds = [arguments[name] for name in ("before", "date_lt") if name in arguments]
    return View(
        min(bounds, default=None),
        arguments.get("at_position"),
        arguments.get("account"),
        arguments.get("livemode"),
        arguments.get("currency"),
    )


def list_entries(arguments: dict[str, Any]) -> Response:
    """List the entries, those of the newest date first."""
    wanted = EntryFilter(
        arguments.get("ledger_account"),
        arguments.get("object_id"),
        arguments.get("cause"),
        arguments.get("date_gte"),
    )
    page = EntryPage(
        arguments["limit"], arguments.get("starting_after"), arguments.get("ending_before")
    )
    with backend().journal.report() as report:
        entries = report.entries(view_of(arguments), wanted, page)
    data = [EntrySchema().dump(entry_members(each)) for each in entries.items]
    return list_response(data, has_more=entries.has_more, position=report.position)


def get_entry(arguments: dict[str, Any], id: str) -> Response:
    """Get one entry, whether or not it holds."""
    with backend().journal.report() as report:
        entry = report.entry(id)
    if entry is None:
        raise Problem(problems.NOT_FOUND)
    return json_response(EntrySchema().dump(entry_members(entry)), position=report.position)


def list_accounts(arguments: dict[str, Any]) -> Response:
    """List the balance of each account."""
    with backend().journal.report() as report:
        balances = report.trial_balance(view_of(arguments))
    page, has_more = page_of(balances, balance_id, arguments)
    data = BalanceSchema().dump(page, many=True)
    return list_response(data, has_more=has_more, position=report.position)


def trial_balance(arguments: dict[str, Any]) -> Response:
    """Get every balance at a date, as known at a position, with their totals."""
    view = view_of(arguments)
    with backend().journal.report() as report:
        balances = report.trial_balance(view)
    totals: dict[str, dict[str, Any]] = {}
    for each in balances:
        empty = {"currency": each.currency, "debit": 0, "credit": 0}
        total = totals.setdefault(each.currency, empty)
        total["debit"] += each.debit
        total["credit"] += each.credit
    answer = {
        "url": "/v1/journal/trial-balance",
        "has_more": False,
        "data": balances,
        "totals": [totals[currency] for currency in sorted(totals)],
        "before": view.before,
        "at_position": view.at(report.position).position,
        "rules": report.rules,
    }
    return json_response(TrialBalanceSchema().dump(answer), position=report.position)


def list_unproven(arguments: dict[str, Any]) -> Response:
    """List clearing that is not zero, oldest first, and why."""
    with backend().journal.report() as report:
        items = report.unproven(view_of(arguments))
    page, has_more = page_of(items, unproven_id, arguments)
    data = UnprovenSchema().dump(page, many=True)
    return list_response(data, has_more=has_more, position=report.position)
