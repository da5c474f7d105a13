"""A list of each kind's rows: filtered as in REST, and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from api.backend import backend
from api.console import rest
from api.console.links import row_path, with_query
from api.console.listing import arguments, list_page
from api.console.rendering import page, secured
from api.console.session import guarded
from api.console.values import Shown, common, is_money, shown
from projections import Kind, Type
from projections.journal.export.cells import text_cell

__all__ = ["add_routes", "kind_of", "list_columns"]

CSV_ROWS_MAX = 10_000
_COLUMNS_MAX = 7


def add_routes(blueprint: Blueprint, kinds: list[str]) -> None:
    """Add the routes of the lists of some kinds."""
    for name in kinds:
        blueprint.add_url_rule(f"/{name}", f"list_{name}", guarded()(_view(_list, name)))
        blueprint.add_url_rule(f"/{name}.csv", f"csv_{name}", guarded()(_view(_csv, name)))


def kind_of(name: str) -> Kind:
    """A kind as this ledger declares it."""
    return backend().projections.kinds[name]


def list_columns(kind: Kind) -> list[str]:
    """What a list shows of a row, beside its id and when it was created."""
    fields = {field.name: field for field in kind.fields if not field.withheld}
    amounts = [name for name, field in fields.items() if is_money(field)]
    wanted = [
        *(["status"] if "status" in fields else []),
        *(kind.summary or amounts[:1]),
        *kind.search,
        *(name for name in kind.filters if name in fields and fields[name].type is Type.ID),
        *(name for name, field in fields.items() if field.type is Type.CODE),
    ]
    return [name for name in dict.fromkeys(wanted) if name in fields][:_COLUMNS_MAX]


def _view(view: Callable[[str], Response], name: str) -> Callable[[], Response]:
    return lambda: view(name)


def _list(name: str) -> Response:
    kind = kind_of(name)
    part = list_page(rest.path(name))
    names = list_columns(kind)
    fields = {field.name: field for field in kind.columns}
    rows: list[dict[str, Any]] = [
        {
            "row": row,
            "href": row_path(name, row["id"], row),
            "cells": [shown(fields[column], row[column], row) for column in names],
            "created": common("created", row["created"]),
            "account": Shown("text", row["account"]) if row["account"] else None,
        }
        for row in part.items
    ]
    return page(
        "kind_list.html",
        kind=kind,
        part=part,
        columns=[(column, is_money(fields[column])) for column in names],
        rows=rows,
        filters=kind.filters,
        more_used=any(filter in part.arguments for filter in kind.filters[3:]),
        csv_url=with_query(f"/{name}.csv", _without_cursors()),
        csv_rows_max=CSV_ROWS_MAX,
    )


def _csv(name: str) -> Response:
    kind = kind_of(name)
    output = io.StringIO()
    writer = csv.writer(output)
    columns = [field.name for field in kind.columns]
    writer.writerow(columns)
    count, last = 0, None
    while count < CSV_ROWS_MAX:
        more: dict[str, Any] = {} if last is None else {"starting_after": last}
        part = list_page(rest.path(name), limit=100, **more)
        for row in part.items:
            writer.writerow([_cell(row[column]) for column in columns])
        count += len(part.items)
        if part.older is None or not part.items:
            break
        last = part.items[-1]["id"]
    response = Response(output.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return secured(response)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    # A number may begin with a minus.
    return text_cell(value) if isinstance(value, str) else value


def _without_cursors() -> dict[str, str]:
    cursors = ("starting_after", "ending_before", "limit")
    return {name: value for name, value in arguments().items() if name not in cursors}
