"""What `ledger demo` withholds, asked for by the ledger's own commands: rows are the truth's."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from api.demo.asking import ask
from api.demo.comparison import differences
from api.demo.withheld import Way, Withheld
from tests.cli.terminal import Terminal
from tests.projections.histories import Store
from tests.stripe.merchants import by_id, truth_of


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (Way.OUTAGE, "`ledger stripe fetch` brought"),
        (Way.HISTORY, "`ledger stripe backfill` recorded"),
    ],
)
def test_what_is_not_delivered_is_asked_for(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way, words: str
) -> None:
    """Something is withheld, and comes; nothing differs but what is declared."""
    monkeypatch.chdir(tmp_path)
    withheld = Withheld.of(way, 11, 30, 10)
    events = [event for each in withheld.stories for event in each.events]
    delivered = [event for each in withheld.stories for event in withheld.delivered(each)]
    assert len(delivered) < len(events)
    store = Store.open(ledger_url)
    try:
        store.append(delivered)
        with withheld.settings() as settings:
            result = ask(way, partial(Terminal(ledger_url).ok, **settings))
        assert result.startswith(words) and " 0 " not in result
        store.follow()
        truth, rows = withheld.comparable(truth_of(withheld.stories), by_id(store.rows()))
    finally:
        store.close()
    assert differences(truth, rows) == []
