"""An export is written whole, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from api.commands.journal_export import write_export
from ledger import ExportFailed
from projections.journal.export.formats import FORMATS, Extras
from projections.journal.export.statement import ExportError
from tests.journal.export.entries import STATEMENT, joined, many_entries

ENTRIES = list(many_entries(30))
NOT_IN_ORDER = [*ENTRIES, ENTRIES[0]]


@pytest.mark.parametrize("name", FORMATS)
def test_the_files_hold_what_the_format_writes(name: str, tmp_path: Path) -> None:
    """A file, or a directory of several, and nothing beside it."""
    output = tmp_path / "out"

    write_export(name, output, STATEMENT, ENTRIES, Extras())

    expected = joined(FORMATS[name].write(STATEMENT, ENTRIES, Extras()))
    if FORMATS[name].is_split:
        files = {path.name: path.read_bytes().decode() for path in output.iterdir()}
    else:
        files = {"": output.read_bytes().decode()}
    assert files == expected
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("name", ["beancount", "xero"])
def test_what_fails_leaves_nothing(name: str, tmp_path: Path) -> None:
    """Nor a part of it under another name."""
    with pytest.raises(ExportError):
        write_export(name, tmp_path / "out", STATEMENT, NOT_IN_ORDER, Extras())

    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_files_is_left_alone(tmp_path: Path) -> None:
    """An export of last month does not mix with one of this month; an empty directory is taken."""
    output = tmp_path / "out"
    output.mkdir()
    write_export("xero", output, STATEMENT, ENTRIES, Extras())
    before = sorted(path.name for path in output.iterdir())

    with pytest.raises(ExportFailed, match="has files already"):
        write_export("quickbooks", output, STATEMENT, ENTRIES, Extras())

    assert sorted(path.name for path in output.iterdir()) == before


def test_several_files_do_not_take_the_place_of_one(tmp_path: Path) -> None:
    """What is no directory is left as it is, too."""
    file = tmp_path / "file"
    file.write_text("mine", "utf-8")
    with pytest.raises(ExportFailed, match="cannot be written"):
        write_export("xero", file, STATEMENT, ENTRIES, Extras())
    assert file.read_text("utf-8") == "mine"


def test_one_file_goes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Where it is not said otherwise."""
    write_export("csv", Path("-"), replace(STATEMENT, at_position=99_999), ENTRIES, Extras())

    assert capfdbinary.readouterr().out.count(b"\r\n") > len(ENTRIES)
