"""Fingerprints: what a change of the code makes new, and what it leaves as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.modules import ROOT

_PRINT = """
import json
from projections import KINDS
from projections.feed.reading import FeedReading
from projections.rows.family import in_families
kinds = in_families(KINDS)
print(json.dumps({
    "rows": {name: kind.fingerprint for name, kind in kinds.items()},
    "states": {name: kind.store for name, kind in kinds.items()},
    "feed": FeedReading.of(kinds.values()).fingerprint,
}))
"""
Fingerprints = dict[str, dict[str, str]]


def fingerprints(tree: Path) -> Fingerprints:
    """Those of the code in a folder, in a process of its own."""
    command = [sys.executable, "-B", "-c", _PRINT]
    environ = {**os.environ, "PYTHONPATH": str(tree)}
    ran = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True, check=True)
    result: Fingerprints = json.loads(ran.stdout)
    return result


@pytest.fixture(scope="module")
def before() -> Fingerprints:
    return fingerprints(ROOT)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code, to be changed."""
    for package in ("ledger", "projections"):
        shutil.copytree(ROOT / package, tmp_path / package)
    return tmp_path


def changed(tree: Path, file: str, old: str, new: str) -> Fingerprints:
    path = tree / "projections" / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return fingerprints(tree)


def renewed(before: Fingerprints, after: Fingerprints, what: str) -> set[str]:
    return {name for name, each in before[what].items() if after[what][name] != each}


def test_a_column_makes_new_rows_of_its_kind_and_nothing_else(
    tree: Path, before: Fingerprints
) -> None:
    """Neither states nor the feed: it takes its values from what is stored."""
    column = '    Field("one", Type.INTEGER, "One.", derive=lambda dispute: 1),\n'
    field = '    Field("amount", Type.INTEGER, "Amount disputed'
    after = changed(tree, "kinds/disputes.py", field, column + field)

    assert renewed(before, after, "rows") == {"disputes"}
    assert renewed(before, after, "states") == set()
    assert after["feed"] == before["feed"]


def test_a_condition_makes_a_new_feed_and_no_rows(tree: Path, before: Fingerprints) -> None:
    """Also where only what it is called with differs."""
    after = changed(
        tree, "kinds/disputes.py",
        '"needs_response", "appeal_needs_response"),', '"needs_response"),',
    )  # fmt: skip

    assert renewed(before, after, "rows") == set()
    assert after["feed"] != before["feed"]


def test_code_of_another_module_counts_as_well(tree: Path, before: Fingerprints) -> None:
    """The money of orders is worked out beside the orders: a change there is one of them."""
    after = changed(
        tree, "payments/money.py", 'return status in ("won", "prevented")',
        'return status in ("won",)',
    )  # fmt: skip

    assert renewed(before, after, "rows") == {"orders"}
    assert renewed(before, after, "states") == set()
    assert after["feed"] != before["feed"]


def test_what_is_written_for_people_makes_nothing_new(tree: Path, before: Fingerprints) -> None:
    """A docstring, a comment, the meaning of a field."""
    after = changed(tree, "kinds/disputes.py", '"The reason the bank gave."', '"Why, by the bank."')

    assert after == before
