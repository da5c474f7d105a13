"""Overviews: totals by account, mode and currency; how each projection is doing; dead letters."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from ledger import Log, UnknownCursor
from ledger.database import read_transaction
from projections.queries.current import Page, ResultPage
from projections.rows.kind import Kind
from projections.tables import lease
from projections.tables.blockers import blockers, dependents
from projections.tables.catalog import Catalog
from projections.tables.live import LiveRows, live_rows

__all__ = ["ProjectionState", "dead_letters", "states", "summary"]

_HALF = 2**32


@dataclass(frozen=True, slots=True)
class ProjectionState:
    """How one projection is doing; ``lag_seconds`` is how long its first unread event has waited.

    ``status``: live, rebuild_requested, rebuilding, rebuild_stopped (the process that did it is
    gone; the next follower begins again), served_by_other_version (another version's table, which
    only that version follows) or of_another_log (nothing is served: the table was projected from
    another log than the one that is there, and a rebuild follows). ``rebuild_*``: the progress of
    a rebuild. ``previous`` is the table that a rollback would serve; ``held_by`` names, during a
    rebuild, the sessions and views that its cutover waits for. ``differences`` counts the fields
    that were not what the log says at the last check. ``of_another_log``: nothing is served, also
    while the rebuild runs.
    """

    kind: str
    fingerprint: str
    status: str
    position: int
    lag_events: int
    lag_seconds: float
    rows: int
    dead_letters: int
    without_snapshot: int
    rebuild_done: int | None
    rebuild_total: int | None
    rebuild_events_per_second: float | None
    rebuild_eta_seconds: float | None
    previous: str | None
    held_by: tuple[str, ...]
    checked_at: int | None
    differences: int | None
    of_another_log: bool


def states(
    catalog: Catalog, log: Log, kinds: Mapping[str, Kind], clock: Callable[[], float] = time.time
) -> list[ProjectionState]:
    """How each projection is doing."""
    return [_state(catalog, log, kind, clock) for kind in kinds.values()]


def _state(catalog: Catalog, log: Log, kind: Kind, clock: Callable[[], float]) -> ProjectionState:
    letters, rebuilds, checks = (
        catalog.control.dead_letters, catalog.control.rebuilds, catalog.control.checks,
    )  # fmt: skip
    with live_rows(catalog, kind, of_any_log=True) as live:
        execute, name = live.connection.execute, live.live_table.table_name
        rows = execute(select(func.count()).select_from(live.rows)).scalar_one()
        letter_count = select(func.count()).select_from(letters).where(letters.c.table_name == name)
        dead = execute(letter_count).scalar_one()
        rebuild = execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
        check = execute(select(checks).where(checks.c.kind == kind.name)).first()
        checkpoint = catalog.checkpoint(live.connection, name)
        status = _status(live, rebuild)
        foreign = checkpoint is not None and not catalog.belonging.holds(checkpoint)
        if foreign and status != "rebuilding":
            status = "of_another_log"
        # Only a cutover waits for them.
        held_by = _held_by(live) if rebuild is not None else ()
    rate, eta = _pace(rebuild)
    unread = log.after(live.position, 1)
    lag = clock() - unread[0].received_at / 1_000_000 if unread else 0.0
    return ProjectionState(
        kind=kind.name,
        fingerprint=live.live_table.fingerprint,
        status=status,
        position=live.position,
        # Below 0 where the table has read more than the log has: it belongs to another log.
        lag_events=log.head().position - live.position,
        lag_seconds=round(lag, 3),
        rows=rows,
        dead_letters=dead,
        without_snapshot=checkpoint.without_snapshot if checkpoint is not None else 0,
        rebuild_done=rebuild.done if rebuild is not None else None,
        rebuild_total=rebuild.total if rebuild is not None else None,
        rebuild_events_per_second=rate,
        rebuild_eta_seconds=eta,
        previous=live.live_table.previous,
        held_by=held_by,
        checked_at=check.checked_at if check is not None else None,
        differences=check.differences if check is not None else None,
        of_another_log=foreign,
    )


def _held_by(live: LiveRows) -> tuple[str, ...]:
    kind = live.kind.name
    return (
        *blockers(live.connection, kind),
        *(f"{name}, built on it" for name in dependents(live.connection, kind)),
    )


def _pace(rebuild: Row[Any] | None) -> tuple[float | None, float | None]:
    """Events a second since the rebuild began, and how many seconds it still takes."""
    if rebuild is None or not rebuild.done:
        return None, None
    rate = rebuild.done / max(1, rebuild.heartbeat - rebuild.started)
    return round(rate, 1), round((rebuild.total - rebuild.done) / rate, 1)


def _status(live: LiveRows, rebuild: Row[Any] | None) -> str:
    if rebuild is None:
        is_ours = live.live_table.fingerprint == live.kind.fingerprint
        return "live" if is_ours else "served_by_other_version"
    if rebuild.state == "requested":
        return "rebuild_requested"
    expired = lease.is_expired(live.connection, rebuild.heartbeat, lease.REBUILD_SECONDS)
    return "rebuild_stopped" if expired else "rebuilding"


def summary(catalog: Catalog, kinds: Mapping[str, Kind], since: int | None = None) -> ResultPage:
    """Counts and sums by status, per account, mode and currency, of the kinds that declare them.

    ``since``: only of the rows that were created at that time or later.
    """
    totals: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    positions = []
    summed = {name: kind for name, kind in kinds.items() if kind.summary is not None}
    for name, kind in summed.items():
        with live_rows(catalog, kind) as live:
            positions.append(live.position)
            for scope, status, figures in _totals(live, since):
                totals[scope].setdefault(name, {})[status or "unknown"] = figures
    items = [
        {
            "object": "summary",
            "account": account,
            "livemode": livemode,
            "currency": currency,
            **{name: totals[account, livemode, currency].get(name, {}) for name in summed},
        }
        for account, livemode, currency in sorted(totals, key=str)
    ]
    return ResultPage(items, False, min(positions, default=0))


def _totals(live: LiveRows, since: int | None) -> list[tuple[tuple[Any, ...], str | None, Any]]:
    """A kind's figures by (account, livemode, currency) and status."""
    rows, amounts = live.rows.c, live.kind.summary or ()
    by = (rows.account, rows.livemode, rows.currency, rows.status)
    sums = [
        total
        for name in amounts
        # In halves: a sum may need more than the 64 bits of its parts. Both databases cut an
        # integer's quotient towards zero, and give the remainder its sign.
        for total in (
            func.sum(rows[name].op("/")(_HALF)).label(f"{name}_high"),
            func.sum(rows[name].op("%")(_HALF)).label(f"{name}_low"),
        )
    ]
    query = select(*by, func.count().label("count"), *sums).group_by(*by)
    if since is not None:
        query = query.where(rows.created >= since)
    return [
        (
            (row["account"], row["livemode"], row["currency"]),
            row["status"],
            _figures(row, amounts),
        )
        for row in live.connection.execute(query).mappings()
    ]


def _figures(row: Mapping[Any, Any], amounts: tuple[str, ...]) -> Any:
    if not amounts:
        return row["count"]
    sums = {
        name: int(row[f"{name}_high"] or 0) * _HALF + int(row[f"{name}_low"] or 0)
        for name in amounts
    }
    return {"count": row["count"], **sums}


def dead_letters(catalog: Catalog, kind: str | None, page: Page) -> ResultPage:
    """Dead letters of live tables, the greatest row id first; ``UnknownCursor``.

    A row's letters are never split over two pages: a page holds at least one row's.
    """
    letters, live_tables = catalog.control.dead_letters, catalog.control.live_tables
    checkpoints = catalog.control.checkpoints
    with read_transaction(catalog.engine) as connection:
        names = select(live_tables.c.table_name)
        wanted: list[ColumnElement[bool]] = [letters.c.table_name.in_(names)]
        if kind is not None:
            wanted.append(letters.c.kind == kind)
        ids = _ids_of_page(connection, letters.c.row_id, wanted, page)
        query = select(letters).where(*wanted, letters.c.row_id.in_(ids))
        rows = connection.execute(query).all()
        slowest = select(func.min(checkpoints.c.position))
        position = connection.execute(slowest.where(checkpoints.c.table_name.in_(names))).scalar()
    by_row = sorted(rows, key=lambda row: (row.row_id, row.kind, row.position), reverse=True)
    groups = {id: list(group) for id, group in groupby(by_row, key=lambda row: row.row_id)}
    taken: list[list[Row[Any]]] = []
    for id in ids:
        if taken and sum(map(len, taken)) + len(groups[id]) > page.limit:
            break
        taken.append(groups[id])
    shown = [row for group in (taken[::-1] if page.is_backwards else taken) for row in group]
    return ResultPage([_letter(row) for row in shown], len(taken) < len(ids), position or 0)


def _ids_of_page(
    connection: Connection,
    column: ColumnElement[str],
    wanted: list[ColumnElement[bool]],
    page: Page,
) -> list[str]:
    """One more row id than a page can hold, in the direction of the page."""
    # Byte by byte, as Python compares.
    key = column.collate("C") if connection.dialect.name == "postgresql" else column
    query = select(column).where(*wanted).group_by(column)
    if page.cursor is not None:
        if connection.execute(query.where(column == page.cursor).limit(1)).first() is None:
            raise UnknownCursor(page.cursor)
        query = query.where(key > page.cursor if page.is_backwards else key < page.cursor)
    ordered = query.order_by(key if page.is_backwards else key.desc())
    return list(connection.execute(ordered.limit(page.limit + 1)).scalars())


def _letter(row: Row[Any]) -> dict[str, Any]:
    return {
        "object": "dead_letter",
        "kind": row.kind,
        "id": row.row_id,
        "event": row.event,
        "position": row.position,
        "error": row.error,
        "account": row.account,
        "livemode": row.livemode,
    }
