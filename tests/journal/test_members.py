"""Which objects are in one component: all that any links of any batches connect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.database import write_transaction
from projections.journal.stored.members import MemberStore, join
from projections.objects.observation import Key, Scope
from projections.rows.batch import Group
from projections.rows.disjoint import DisjointSets
from tests.journal.conftest import Kept
from tests.projections.laws import DIALECTS, law

SCOPES = (Scope(None, True), Scope("acct_1", False))
KEYS = [Key(scope, "charge", f"ch_{number}") for scope in SCOPES for number in range(5)]


@st.composite
def a_batch(draw: st.DrawFn) -> list[list[Key]]:
    """Groups of linked objects; no object is in two of them."""
    keys = draw(st.permutations(KEYS))
    ends = sorted(draw(st.sets(st.integers(1, 6), min_size=1, max_size=3)))
    return [keys[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_components_are_what_is_connected(kept_journal: Kept, dialect: str) -> None:
    """Whatever the batches; all objects of the components that a batch joins are in what it is
    given, and are stored under one number."""

    @law(60 if dialect == "sqlite" else 15)
    @given(batches=st.lists(a_batch(), min_size=1, max_size=5))
    def holds(batches: list[list[list[Key]]]) -> None:
        with kept_journal(dialect) as (_, journal):
            journal.rebuild()
            with journal.report() as report:
                table = report.tables.members
            connected, known = DisjointSets[Key](), set[Key]()
            for groups in batches:
                for keys in groups:
                    connected.join(keys)
                    known |= set(keys)
                with write_transaction(journal.engine) as connection:
                    store = MemberStore(connection, table)
                    joined = join([Group(list(keys), list(keys)) for keys in groups], store)
                    store.write(joined)
                    numbers = store.numbers(KEYS)
                roots = {connected.find(key) for keys in groups for key in keys}
                assert {frozenset(each.keys) for each in joined} == {
                    frozenset(key for key in known if connected.find(key) == root) for root in roots
                }
                assert numbers.keys() == known
                pairs = {(connected.find(key), number) for key, number in numbers.items()}
                assert (
                    len(pairs)
                    == len({root for root, _ in pairs})
                    == len({number for _, number in pairs})
                )

    holds()
