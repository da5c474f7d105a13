"""Every list can be walked, whatever ids its rows have in common over accounts and modes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table, delete, insert

from ledger import UnknownCursor
from ledger.database import write_transaction
from projections import KINDS, Page
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store
from tests.projections.laws import DIALECTS, law
from tests.projections.payouts import table_of

# Older than every other row, with an id of its own: a walk backwards begins there.
OLDEST = {"id": "oldest", "created": 0, "account": "acct_1", "livemode": True, "status": "paid"}

A_ROW = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", "c", "d"]),
        "created": st.integers(1, 4),
        "account": st.sampled_from([None, "acct_1", "acct_2"]),
        "livemode": st.booleans(),
        "status": st.sampled_from(["paid", "failed"]),
    }
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "account": st.sampled_from(["self", "acct_1"]),
        "livemode": st.booleans(),
        "status": st.just("paid"),
    },
)
CREATED = st.fixed_dictionaries({}, optional={"gte": st.integers(0, 3), "lt": st.integers(2, 5)})


@pytest.fixture(scope="module", params=DIALECTS)
def shared(request: pytest.FixtureRequest, opened: Opened) -> Iterator[Store]:
    """One store for all examples on a database; each begins with its own rows."""
    with opened(request.param) as store:
        yield store


def put(store: Store, rows: list[Json]) -> None:
    """Let the list of payouts consist of some rows."""
    catalog = store.projections.catalog
    table: Table = catalog.tables(KINDS["payouts"], table_of(store.projections)).rows
    rest = {"object": "payout", "updated": 0, "position": 0, "events": 1, "stale": False}
    with write_transaction(catalog.engine) as connection:
        connection.execute(delete(table))
        numbered = zip(count(), rows, strict=False)
        connection.execute(
            insert(table),
            [{**rest, **row, "row_key": number.to_bytes(4)} for number, row in numbered],
        )


def identity(row: Json) -> tuple[Any, ...]:
    return tuple(row[name] for name in OLDEST)


def is_in_list(row: Json, filters: Json, created: dict[str, int]) -> bool:
    own = {**row, "account": row["account"] or "self"}
    return (
        all(own[name] == value for name, value in filters.items())
        and row["created"] >= created.get("gte", 0)
        and row["created"] < created.get("lt", 2**40)
    )


def walked(
    store: Store, limit: int, cursor: str | None, backwards: bool, **narrowed: Any
) -> list[list[Json]]:
    """The pages of a walk, each in the direction of the walk."""
    pages: list[list[Json]] = []
    while True:
        page = Page(limit, ending_before=cursor) if backwards else Page(limit, cursor)
        result = store.projections.list("payouts", page=page, **narrowed)
        pages.append(result.items[::-1] if backwards else result.items)
        if not result.has_more:
            return pages
        cursor = pages[-1][-1]["id"]


def assert_fitting(pages: list[list[Json]], limit: int) -> None:
    """Pages are as long as the limit says, unless ids that come again leave no such end."""
    ids = [row["id"] for page in pages for row in page]
    start = 0
    for page in pages:
        end = start + len(page)
        assert page or pages == [[]]
        assert not page or ids[end - 1] not in ids[end:]
        if len(page) > limit:
            assert all(ids[index] in ids[index + 1 :] for index in range(start, end - 1))
        else:
            assert all(
                ids[index] in ids[index + 1 :] for index in range(end, min(start + limit, len(ids)))
            )
        start = end


@law(60)
@given(
    rows=st.lists(A_ROW, max_size=14),
    limit=st.integers(1, 5),
    filters=FILTERS,
    created=CREATED,
)
def test_a_walk_shows_every_row_once(
    shared: Store, rows: list[Json], limit: int, filters: Json, created: dict[str, int]
) -> None:
    """Forwards and backwards, with any filters: the whole list in its order."""
    put(shared, [*rows, OLDEST])
    narrowed = {"filters": filters, "created": created}
    whole = shared.projections.list("payouts", page=Page(1000), **narrowed).items
    expected = [row for row in [*rows, OLDEST] if is_in_list(row, filters, created)]
    assert sorted(map(identity, whole), key=str) == sorted(map(identity, expected), key=str)
    assert [(row["created"], row["id"]) for row in whole] == sorted(
        ((row["created"], row["id"]) for row in expected), reverse=True
    )

    forwards = walked(shared, limit, None, False, **narrowed)
    assert [row for page in forwards for row in page] == whole
    assert_fitting(forwards, limit)
    if filters.get("account") != "self" and filters.get("livemode") is not False:
        backwards = walked(shared, limit, "oldest", True, **narrowed)
        assert [row for page in backwards for row in page] == [
            row for row in whole[::-1] if row["id"] != OLDEST["id"]
        ]
        assert_fitting(backwards, limit)


def test_many_rows_of_few_ids(shared: Store) -> None:
    """A page grows as far as it must, through hundreds of rows, and the walk goes on behind it."""
    rows = [
        {**OLDEST, "id": id, "created": number, "account": f"acct_{number}"}
        for number in range(1, 700)
        for id in ("SAVE10", "SAVE20")
    ]
    put(shared, [*rows, OLDEST])

    pages = walked(shared, 10, None, False)

    assert [len(page) for page in pages] == [1397, 2]
    assert pages[-1][-1]["id"] == OLDEST["id"]


def test_a_cursor_that_left_the_list_goes_on_from_where_it_is(shared: Store) -> None:
    """Its row no longer fits the filter: what it stood beside follows; an unknown id does not."""
    rows = [{**OLDEST, "id": id, "created": 9 - n} for n, id in enumerate("abcd")]
    rows[1]["status"] = "failed"
    put(shared, [*rows, {**rows[1], "account": None, "created": 1}])

    def ids(**cursor: str) -> list[str]:
        page = Page(10, **cursor)
        return [
            row["id"]
            for row in shared.projections.list(
                "payouts", filters={"status": "paid"}, page=page
            ).items
        ]

    assert ids(starting_after="b") == ["c", "d"]
    assert ids(ending_before="b") == ["a", "c", "d"]
    with pytest.raises(UnknownCursor):
        ids(starting_after="e")
