"""Overviews: totals by account, mode and currency; how each kind is doing; dead letters."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row, func, select

from ledger import Log, UnknownCursor
from ledger.database import read_transaction
from projections.drivers.rebuild import is_silent
from projections.queries.current import Listed, live
from projections.rows.kind import Kind
from projections.tables.blockers import blockers, dependents
from projections.tables.catalog import Catalog

__all__ = ["ProjectionState", "dead_letters", "states", "summary"]

# Kinds whose amounts are summed, with what is summed; the rest of those with a status are counted.
_SUMMED: Mapping[str, tuple[str, ...]] = {
    "orders": ("amount", "amount_received", "amount_refunded"),
    "refunds": ("amount",),
    "disputes": ("amount",),
    "payouts": ("amount",),
    "subscriptions": (),
}
_HALF = 2**32


@dataclass(frozen=True, slots=True)
class ProjectionState:
    """How one kind is doing; ``lag_seconds`` is how long its first unread event has waited.

    ``rebuild_*`` are how far a rebuild is, of how many events. ``status``: live,
    rebuild_requested, rebuilding, rebuild_stopped (who did it is gone; the next follower begins
    again) or served_by_other_version (another version's table, which only that version follows).
    ``previous`` is the table that a rollback would take; ``held_by`` names, during a rebuild, the
    sessions and views that its cutover has to wait for. ``differences`` is in how many fields rows
    were not what the log says when they were last checked.
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


def states(
    catalog: Catalog, log: Log, kinds: Mapping[str, Kind], clock: Callable[[], float] = time.time
) -> list[ProjectionState]:
    """How each kind is doing."""
    head = log.head().position
    return [_state(catalog, log, kind, head, clock) for kind in kinds.values()]


def _state(
    catalog: Catalog, log: Log, kind: Kind, head: int, clock: Callable[[], float]
) -> ProjectionState:
    letters, rebuilds = catalog.control.dead_letters, catalog.control.rebuilds
    with live(catalog, kind) as now:
        ask = now.connection.execute
        rows = ask(select(func.count()).select_from(now.rows)).scalar_one()
        name = now.live_table.table_name
        dead = ask(
            select(func.count()).select_from(letters).where(letters.c.table_name == name)
        ).scalar_one()
        rebuild = ask(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
        checks = catalog.control.checks
        check = ask(select(checks).where(checks.c.kind == kind.name)).first()
        found = catalog.position(now.connection, name)
        position, fingerprint = now.position, now.live_table.fingerprint
        previous = now.live_table.previous
        # Only a cutover waits for them.
        held_by: tuple[str, ...] = ()
        if rebuild is not None:
            held_by = (
                *blockers(now.connection, kind.name),
                *(f"{built}, built on it" for built in dependents(now.connection, kind.name)),
            )
    rate, eta = _pace(rebuild)
    waiting = log.after(position, 1)
    lag = clock() - waiting[0].received_at / 1_000_000 if waiting else 0.0
    return ProjectionState(
        kind=kind.name,
        fingerprint=fingerprint,
        status=_status(rebuild, is_ours=fingerprint == kind.fingerprint),
        position=position,
        lag_events=max(0, head - position),
        lag_seconds=round(max(0.0, lag), 3),
        rows=rows,
        dead_letters=dead,
        without_snapshot=found[1] if found is not None else 0,
        rebuild_done=rebuild.done if rebuild is not None else None,
        rebuild_total=rebuild.total if rebuild is not None else None,
        rebuild_events_per_second=rate,
        rebuild_eta_seconds=eta,
        previous=previous,
        held_by=held_by,
        checked_at=check.checked_at if check is not None else None,
        differences=check.differences if check is not None else None,
    )


def _pace(rebuild: Row[Any] | None) -> tuple[float | None, float | None]:
    """Events a second since the rebuild began, and for how many seconds it has still to go."""
    if rebuild is None or not rebuild.done:
        return None, None
    rate = rebuild.done / max(1, rebuild.beat - rebuild.started)
    return round(rate, 1), round((rebuild.total - rebuild.done) / rate, 1)


def _status(rebuild: Row[Any] | None, *, is_ours: bool) -> str:
    if rebuild is None:
        return "live" if is_ours else "served_by_other_version"
    if rebuild.state == "requested":
        return "rebuild_requested"
    return "rebuild_stopped" if is_silent(rebuild.beat) else "rebuilding"


def summary(catalog: Catalog, kinds: Mapping[str, Kind]) -> Listed:
    """Counts and sums by status, per account, mode and currency."""
    totals: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    positions = []
    for name, summed in _SUMMED.items():
        with live(catalog, kinds[name]) as now:
            positions.append(now.position)
            rows = now.rows
            by = (rows.c.account, rows.c.livemode, rows.c.currency, rows.c.status)
            sums = [
                total
                for column in summed
                # In halves: a sum may need more than the 64 bits of its parts. Both databases
                # cut an integer's quotient towards zero, and give the remainder its sign.
                for total in (
                    func.sum(rows.c[column].op("/")(_HALF)).label(f"{column}_high"),
                    func.sum(rows.c[column].op("%")(_HALF)).label(f"{column}_low"),
                )
            ]
            query = select(*by, func.count().label("count"), *sums).group_by(*by)
            for row in now.connection.execute(query).mappings():
                key = (row["account"], row["livemode"], row["currency"])
                status = row["status"] or "unknown"
                totals[key].setdefault(name, {})[status] = _figures(row, summed)
    items = [
        {
            "object": "summary",
            "account": account,
            "livemode": livemode,
            "currency": currency,
            **{name: totals[account, livemode, currency].get(name, {}) for name in _SUMMED},
        }
        for account, livemode, currency in sorted(totals, key=str)
    ]
    return Listed(items, False, min(positions, default=0))


def _figures(row: Mapping[Any, Any], summed: tuple[str, ...]) -> Any:
    if not summed:
        return row["count"]
    sums = {
        name: int(row[f"{name}_high"] or 0) * _HALF + int(row[f"{name}_low"] or 0)
        for name in summed
    }
    return {"count": row["count"], **sums}


def dead_letters(
    catalog: Catalog,
    kind: str | None,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
) -> Listed:
    """Dead letters of live tables, by row; a row's letters are never parted by a page."""
    letters, live_tables = catalog.control.dead_letters, catalog.control.live_tables
    positions = catalog.control.positions
    with read_transaction(catalog.engine) as connection:
        serving = select(live_tables.c.table_name)
        query = select(letters).where(letters.c.table_name.in_(serving))
        if kind is not None:
            query = query.where(letters.c.kind == kind)
        found = connection.execute(query).all()
        read = select(func.min(positions.c.position))
        position = connection.execute(read.where(positions.c.table_name.in_(serving))).scalar()
    by_row = sorted(found, key=lambda row: (row.row_id, row.kind, row.position), reverse=True)
    groups = [(id, list(group)) for id, group in groupby(by_row, key=lambda row: row.row_id)]
    ids = [id for id, _ in groups]
    for cursor in (starting_after, ending_before):
        if cursor is not None and cursor not in ids:
            raise UnknownCursor(cursor)
    if starting_after is not None:
        groups = groups[ids.index(starting_after) + 1 :]
    if ending_before is not None:
        groups = groups[: ids.index(ending_before)][::-1]
    page: list[list[Row[Any]]] = []
    for _, group in groups:
        if page and sum(map(len, page)) + len(group) > limit:
            break
        page.append(group)
    rows = [row for group in (page[::-1] if ending_before else page) for row in group]
    return Listed([_letter(row) for row in rows], len(page) < len(groups), position or 0)


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
