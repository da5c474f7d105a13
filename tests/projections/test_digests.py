"""Rows of recorded histories, against digests taken of them before."""

from __future__ import annotations

import json

import pytest

from projections import KINDS
from tests.projections.digests import FILE, digests, sources
from tests.projections.histories import Json

SOURCES = dict(sources())
RECORDED = json.loads(FILE.read_text("utf-8"))


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_history_folds_to_the_rows_it_always_did(name: str) -> None:
    """Whoever changes what a history folds to says so, and has every kind that it changes rebuilt.

    Where this fails and the next test does not, tables that stand would go on being read as if
    they were right: raise FOLD_VERSION. Then write the digests anew: scripts/digests.
    """
    events: list[Json] = SOURCES[name]

    assert digests(events) == RECORDED["digests"][name]


def test_fingerprints_are_those_of_the_digests() -> None:
    """A changed fingerprint rebuilds its kind in every ledger: scripts/digests writes it down."""
    assert {name: kind.fingerprint for name, kind in KINDS.items()} == RECORDED["fingerprints"]
