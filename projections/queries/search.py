"""Searching rows of all kinds by what somebody has at hand: an id, a name, a number, a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from projections.queries.current import ResultPage
from projections.rows.kind import Kind
from projections.rows.terms import normal, row_terms
from projections.tables.catalog import Catalog
from projections.tables.live import LiveRows, all_live_rows

__all__ = ["RESULTS_MAX", "search"]

RESULTS_MAX = 20
# Of so many entries that begin with a text the newest are shown: a short one has millions.
_ENTRIES_MAX = 1000
_IDS_MAX = 200
# What no text begins with that sorts, byte by byte, before it.
_LAST = "\U0010ffff"


Branches = Callable[[LiveRows, int], Iterator[str]]


@dataclass(frozen=True, slots=True)
class _Match:
    """A row that is found, and in which object of it where that is not its own id."""

    live: LiveRows
    row_key: bytes
    created: int
    is_exact: bool
    member: str | None = None


def search(catalog: Catalog, kinds: Iterable[Kind], wanted: str) -> ResultPage:
    """Rows found by a text: first those that have it, then those with what begins with it, the
    newest first.

    ``has_more`` says whether there are others. A kind that is served by another version's table
    without terms is searched by id only.
    """
    term = normal(wanted)
    with all_live_rows(catalog, kinds) as lives:
        matches = [*_members(lives, wanted), *_select(lives, _exact, wanted, term, is_exact=True)]
        if len({match.row_key for match in matches}) <= RESULTS_MAX:
            matches += _select(lives, _prefixed, wanted, term, is_exact=False)
        items = _results(matches, wanted, term)
        position = min((live.position for live in lives), default=0)
    return ResultPage(items[:RESULTS_MAX], len(items) > RESULTS_MAX, position)


def _members(lives: Sequence[LiveRows], id: str) -> Iterator[_Match]:
    """The rows that an object with an id is part of."""
    for live in lives:
        if not live.kind.aliases:
            continue
        names = {
            key: member.object
            for key, member in live.members_of_id(id)
            if member.object in live.kind.aliases
        }
        rows = live.rows.c
        query = select(rows.row_key, rows.created).where(rows.row_key.in_(names))
        for key, created in live.connection.execute(query) if names else ():
            yield _Match(live, bytes(key), created, True, names[bytes(key)].replace(".", "_"))


def _select(
    lives: Sequence[LiveRows], branches: Branches, wanted: str, term: str, *, is_exact: bool
) -> Iterator[_Match]:
    """The matches of all kinds, in one statement."""
    if not lives:
        return
    statements = [
        f"SELECT * FROM ({branch}) matches{number}_{part}"
        for number, live in enumerate(lives)
        for part, branch in enumerate(branches(live, number))
    ]
    parameters = {
        "id": wanted, "id_end": wanted + _LAST, "term": term, "term_end": term + _LAST,
        # One more says that there is more.
        "results": RESULTS_MAX + 1, "entries": _ENTRIES_MAX, "ids": _IDS_MAX,
    }  # fmt: skip
    statement = text(" UNION ALL ".join(statements))
    for number, created, key in lives[0].connection.execute(statement, parameters):
        yield _Match(lives[number], bytes(key), created, is_exact)


def _exact(live: LiveRows, number: int) -> Iterator[str]:
    table, kind = live.full_name, live.kind
    for name in ("id", *kind.own_alias_fields, *kind.other_alias_fields):
        if name in live.types:
            yield _newest(f'SELECT created, row_key FROM {table} WHERE "{name}" = :id', number)
    if live.has_terms:
        yield _newest(f"SELECT created, row_key FROM {table}_terms WHERE term = :term", number)


def _prefixed(live: LiveRows, number: int) -> Iterator[str]:
    table = live.full_name
    # Byte by byte, as Stripe's ids are: the greatest are the newest.
    id = 'id COLLATE "C"' if live.connection.dialect.name == "postgresql" else "id"
    ids = (
        f"SELECT created, row_key FROM {table} WHERE {id} > :id AND {id} < :id_end"
        f" ORDER BY {id} DESC LIMIT :ids"
    )
    yield _newest(f"SELECT created, row_key FROM ({ids}) ids", number)
    if live.has_terms:
        entries = (
            f"SELECT created, row_key FROM {table}_terms WHERE term > :term AND term < :term_end"
            " ORDER BY term, created DESC LIMIT :entries"
        )
        rows = f"SELECT max(created) AS created, row_key FROM ({entries}) entries GROUP BY row_key"
        yield _newest(rows, number)


def _newest(query: str, number: int) -> str:
    return (
        f"SELECT {number} AS number, created, row_key FROM ({query}) matches"
        " ORDER BY created DESC LIMIT :results"
    )


def _results(matches: Iterable[_Match], wanted: str, term: str) -> list[dict[str, Any]]:
    """What is shown of the best matches, each row once; one more than that, if there is more."""
    best: dict[bytes, _Match] = {}
    for match in sorted(matches, key=lambda match: (not match.is_exact, -match.created)):
        best.setdefault(match.row_key, match)
    chosen = list(best.values())[: RESULTS_MAX + 1]
    lives = {match.live.kind.name: match.live for match in chosen}
    rows = {kind: _rows(live, chosen) for kind, live in lives.items()}
    results = []
    for match in chosen:
        kind = match.live.kind.name
        row = rows[kind].get(match.row_key)
        name = None if row is None else _field(match, row, wanted, term)
        if row is not None and name is not None:
            shared = {name: row[name] for name in ("id", "account", "livemode", "created")}
            result = {"object": "search_result", "kind": kind, **shared, "field": name, "row": row}
            results.append(result)
    return results


def _rows(live: LiveRows, matches: Iterable[_Match]) -> dict[bytes, Mapping[str, Any]]:
    keys = [match.row_key for match in matches if match.live is live]
    query = select(live.rows).where(live.rows.c.row_key.in_(keys))
    return {
        bytes(row["row_key"]): live.shown(row) for row in live.connection.execute(query).mappings()
    }


def _field(match: _Match, row: Mapping[str, Any], wanted: str, term: str) -> str | None:
    """The field in which a row has what is wanted, or what begins with it."""
    if row["id"] == wanted:
        return "id"
    if match.member is not None:
        return match.member
    kind = match.live.kind
    terms = row_terms(kind, row)
    if match.is_exact:
        named = (*kind.own_alias_fields, *kind.other_alias_fields)
        return next((name for name in named if row[name] == wanted), None) or terms.get(term)
    if str(row["id"]).startswith(wanted):
        return "id"
    return next((name for each, name in terms.items() if each.startswith(term)), None)
