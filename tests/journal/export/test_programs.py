"""`bean-check` and `hledger check`, which others wrote, accept the exports, and no altered ones.

hledger is Debian's package of that name; where there is none, its tests are skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from beancount.core.data import Transaction
from beancount.loader import load_string
from hypothesis import HealthCheck, given, settings

from projections.journal.entry import Entry
from projections.journal.export.beancount import beancount
from projections.journal.export.hledger import hledger
from projections.journal.export.statement import Part
from tests.journal.export.entries import STATEMENT, hostile_entries, joined, many_entries

ENTRIES = 10_000
HLEDGER = shutil.which("hledger")
BEAN_CHECK = Path(sys.executable).parent / "bean-check"

# Checks a file; what the program complains of, empty if of nothing.
Check = Callable[[str], str]
Write = Callable[[list[Entry]], Iterator[Part]]


def _bean_check(path: Path) -> list[str]:
    return [str(BEAN_CHECK), "--no-cache", str(path)]


def _hledger_check(path: Path) -> list[str]:
    return [str(HLEDGER), "-f", f"journal:{path}", "check", "--strict"]


PROGRAMS = [
    pytest.param(
        lambda entries: beancount(STATEMENT, entries), _bean_check, id="beancount"
    ),
    pytest.param(
        lambda entries: hledger(STATEMENT, entries), _hledger_check, id="hledger",
        marks=pytest.mark.skipif(HLEDGER is None, reason="there is no hledger"),
    ),
]  # fmt: skip


def complaints(command: Callable[[Path], list[str]], path: Path, text: str) -> str:
    """What a program says of a file that it refuses; empty if it accepts it."""
    path.write_text(text, "utf-8")
    result = subprocess.run(command(path), capture_output=True, encoding="utf-8", check=False)
    output = result.stdout + result.stderr
    assert result.returncode == 0 or output.strip()
    return output if result.returncode else ""


@pytest.mark.slow
@pytest.mark.parametrize(("write", "command"), PROGRAMS)
def test_ten_thousand_entries_are_accepted_and_no_altered_amount_is(
    write: Write, command: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    """One amount that is larger by a unit of its last digit is an error."""
    text = joined(write(list(many_entries(ENTRIES))))[""]

    assert complaints(command, tmp_path / "book", text) == ""
    assert "balance" in complaints(command, tmp_path / "book", altered(text, 1))


@pytest.mark.parametrize(("write", "command"), PROGRAMS)
def test_two_altered_amounts_are_found_by_the_balances_at_the_end(
    write: Write, command: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    """An entry that balances still, but moves more than it did, is an error: in any currency."""
    entries = list(many_entries(60))
    text = joined(write(entries))[""]

    assert complaints(command, tmp_path / "book", text) == ""
    assert "balance" in complaints(command, tmp_path / "book", altered(text, 1, -1)).lower()


@settings(max_examples=30, deadline=None)
@given(entries=hostile_entries())
def test_beancount_accepts_whatever_texts_say(entries: list[Entry]) -> None:
    """Ids, categories and currencies of any characters; amounts of 64 bits."""
    text = joined(beancount(STATEMENT, entries))[""]

    transactions, errors, _ = load_string(text)

    assert errors == []
    assert sum(isinstance(each, Transaction) for each in transactions) == len(entries)


@pytest.mark.skipif(HLEDGER is None, reason="there is no hledger")
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(entries=hostile_entries())
def test_hledger_accepts_whatever_texts_say(tmp_path: Path, entries: list[Entry]) -> None:
    """The same of hledger."""
    text = joined(hledger(STATEMENT, entries))[""]

    assert complaints(_hledger_check, tmp_path / "book", text) == ""


_AMOUNT = re.compile(r"^ {2,4}[A-Z]\S+  (-?[0-9.]+) ", re.MULTILINE)


def altered(text: str, *differences: int) -> str:
    """The text with so many of the last digit more, in amounts one below the other."""
    # In the middle of the file, where two lines of an entry are below each other.
    amounts = list(_AMOUNT.finditer(text, len(text) // 2))
    index = next(
        number for number, match in enumerate(amounts)
        if "\n\n" not in text[match.end(): amounts[number + 1].start()]
    )  # fmt: skip
    for match, difference in reversed(list(zip(amounts[index:], differences, strict=False))):
        number = match[1]
        digits = str(int(number.replace(".", "")) + difference)
        places = len(number.partition(".")[2])
        changed = f"{int(digits) / 10**places:.{places}f}"
        text = text[: match.start(1)] + changed + text[match.end(1) :]
    return text
