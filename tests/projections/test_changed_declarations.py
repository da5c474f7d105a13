"""A declaration that changed is a rebuild beside the table that serves, and nobody's migration."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import inspect

from projections import KINDS, NotReady, Projections
from tests.projections.histories import Store
from tests.projections.payouts import ADDED, described, descriptors, with_one_more_field


@pytest.fixture
def new(store: Store) -> Projections:
    """Code with one more field, started beside a ledger that has two payouts."""
    store.deliver([described(1, "RENT"), described(2, "FOOD")])
    return Projections.open(store.ledger, with_one_more_field())


def test_a_field_added_is_filled_from_history_by_following(store: Store, new: Projections) -> None:
    """A restart with the new declaration, and nothing else, gives old rows their new value."""
    before = store.living()
    while new.follow():
        pass

    assert descriptors(new) == ["FOOD", "RENT"]
    assert new.check() == []
    # The others were not touched, and the payouts' other fields neither.
    assert store.living() == before
    assert {state.kind: state.status for state in new.states()} == dict.fromkeys(KINDS, "live")
    new.close()


def test_the_old_table_serves_until_then(store: Store, new: Projections) -> None:
    """New code reads the old rows: the new field is null, a filter on it is for later."""
    assert descriptors(new) == [None, None]
    assert new.get("payouts", "po_1").row[ADDED.name] is None
    with pytest.raises(NotReady):
        new.list("payouts", filters={ADDED.name: "RENT"})
    store.deliver([described(3, "TAX")])
    assert descriptors(new) == [None, None, None]
    while new.follow():
        pass
    assert descriptors(new) == ["TAX", "FOOD", "RENT"]
    new.close()


def test_the_view_shows_the_new_field(store: Store, new: Projections) -> None:
    """People and BI tools find the column under the kind's own name."""
    new.follow()

    columns = inspect(new.catalog.engine).get_columns("payouts", schema=new.catalog.schema)
    assert [column["name"] for column in columns][-1] == ADDED.name
    new.close()


def test_old_and_new_code_at_once_do_not_flip_back_and_forth(
    store: Store, new: Projections
) -> None:
    """The newer stays live however often the older follows; both answer with what they know."""
    generations = set()
    for number in range(3, 9):
        store.append([described(number, f"N{number}")])
        for projections in (store.projections, new) if number % 2 else (new, store.projections):
            projections.follow()
        with new.catalog.engine.connect() as connection:
            live_table = new.catalog.live_table(connection, "payouts")
        assert live_table is not None
        generations.add((live_table.generation, live_table.fingerprint))
        assert len(descriptors(new)) == number
        assert descriptors(store.projections) == ["no such field"] * number

    assert len(generations) == 1
    assert new.check() == []
    new.close()


def test_going_back_needs_a_rebuild(store: Store, new: Projections) -> None:
    """A fingerprint that was live once becomes live again only by asking for it."""
    new.follow()
    old = store.projections

    old.follow()
    assert descriptors(new) == ["FOOD", "RENT"]
    with pytest.raises(NotReady, match="payouts are served by a table of another version"):
        old.check()
    old.rebuild(["payouts"])
    assert descriptors(new) == [None, None]
    new.follow()
    assert descriptors(new) == [None, None]
    new.close()


def test_a_fingerprint_names_a_declaration() -> None:
    """It is 12 hex digits, the same in each process, another after a change, not after a word."""
    payouts = KINDS["payouts"]
    reworded = tuple(replace(field, about="Said otherwise.") for field in payouts.fields)

    assert all(re.fullmatch("[0-9a-f]{12}", kind.fingerprint) for kind in KINDS.values())
    assert replace(payouts, fields=reworded).fingerprint == payouts.fingerprint
    assert with_one_more_field()["payouts"].fingerprint != payouts.fingerprint
    assert len({kind.fingerprint for kind in KINDS.values()}) == len(KINDS)
