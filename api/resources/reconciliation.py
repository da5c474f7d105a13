"""``/v1/payouts/{id}/reconciliation``: what is in a payout."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from api import problems
from api.backend import backend
from api.resources import parameters
from api.resources.representation import json_response
from api.resources.route import StrictBlueprint, route
from api.resources.schemas import ResponseSchema, array, boolean, constant, integer, text
from projections import NotFound, Page, Projections, Reconciliation, RowSelector, reconcile

_QUERY = parameters.query({"account": parameters.account(), "livemode": parameters.livemode()})


class CategorySchema(ResponseSchema):
    """The transactions of a category, in one currency."""

    category = text("Stripe's reporting category.")
    currency = text("Three-letter ISO code, lower case.")
    count = integer("How many.")
    gross = integer("The sum of their amounts.")
    fee = integer("The sum of their fees.")
    net = integer("The sum of their nets.")


class SettledSchema(ResponseSchema):
    """A balance transaction of a payout."""

    id = text("Its id.")
    source = text("What it settles.", allow_none=True)
    reporting_category = text("Stripe's reporting category.", allow_none=True)
    currency = text("Three-letter ISO code, lower case.", allow_none=True)
    amount = integer("Gross.", allow_none=True)
    fee = integer("What was kept of it.", allow_none=True)
    net = integer("What it adds to the payout.", allow_none=True)


class ReconciliationSchema(ResponseSchema):
    """A payout against its balance transactions."""

    object = constant("payout_reconciliation")
    payout = text("The payout's id.")
    amount = integer("The payout's amount.")
    currency = text("The payout's currency.")
    gross = integer("The sum of amounts in that currency.")
    fee = integer("The sum of fees.")
    net = integer("The sum of nets.")
    remainder = integer("The amount less that: what is not explained.")
    label = text("Why there is a remainder: not_listed or unexplained; null: there is none.",
                 allow_none=True)  # fmt: skip
    reconciled = boolean("Whether all of it is explained.", attribute="is_reconciled")
    categories = array(fields.Nested(CategorySchema), "By category and currency.")
    transactions = array(fields.Nested(SettledSchema), "Its balance transactions.")


def blueprint() -> StrictBlueprint:
    """The route of a payout's reconciliation."""
    blueprint = StrictBlueprint(
        "reconciliation", __name__, url_prefix="/v1/payouts", description="What is in a payout."
    )
    route(blueprint, "/<id:id>/reconciliation", query=_QUERY, response=ReconciliationSchema,
          expects=[problems.NOT_FOUND, problems.AMBIGUOUS, problems.NOT_CAUGHT_UP])(
        get_reconciliation
    )  # fmt: skip
    return blueprint


def get_reconciliation(arguments: dict[str, Any], id: str) -> Response:
    """Get what is in a payout, and what its balance transactions leave unexplained."""
    result, position = reconciliation_of(backend().projections, id, RowSelector(**arguments))
    return json_response(ReconciliationSchema().dump(result), position=position)


def reconciliation_of(
    projections: Projections, id: str, selector: RowSelector
) -> tuple[Reconciliation, int]:
    """A payout against its balance transactions, and how far the rows have read."""
    payout = projections.get("payouts", id, selector)
    if payout.row is None:
        raise NotFound(f"no payout has the id {id}")
    its = {"payout": payout.row["id"], "account": payout.row["account"],
           "livemode": payout.row["livemode"]}  # fmt: skip
    transactions: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = projections.list(
            "balance_transactions", filters=its, page=Page(100, starting_after=cursor)
        )
        transactions += page.items
        if not page.has_more:
            return reconcile(payout.row, transactions), page.position
        cursor = page.items[-1]["id"]
