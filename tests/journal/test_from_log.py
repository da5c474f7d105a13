"""The journal of a stored log, worked out from it, is the journal of what was told."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given

from projections.journal.entry import Entry
from projections.journal.from_log import entries_from_log
from tests.journal.money import walked
from tests.journal.test_laws import SEEDS, holding, shuffled, told_by
from tests.projections.conftest import Opened
from tests.projections.laws import DIALECTS, History, a_history, law


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_holds_at_a_position_is_what_following_has_by_then(
    opened: Opened, dialect: str
) -> None:
    """Ids and positions included, for each book by itself, at any position."""

    @law(12 if dialect == "sqlite" else 4)
    @given(a_history(most=2), SEEDS)
    def holds(history: History, seed: int) -> None:
        random = Random(seed)
        log = shuffled(told_by(history), random)
        with opened(dialect) as store:
            store.append(log)
            position = random.randint(0, store.ledger.log.head().position)
            expected = holding(walked(log[:position], range(1, position)), position)

            worked_out = [
                entry
                for book in {each.posting.book for each in expected}
                for entry in entries_from_log(store.ledger.log, book, at_position=position)
            ]

        assert sorted(worked_out, key=_id) == sorted(expected, key=_id)

    holds()


def _id(entry: Entry) -> str:
    return entry.id
