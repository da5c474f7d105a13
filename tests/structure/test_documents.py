"""Documents that follow from declarations say what these say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.config.settings import VARIABLES
from projections import KINDS
from projections.journal.accounts import ACCOUNTS
from projections.journal.export.formats import FORMATS
from projections.journal.rules import RULES
from scripts.helpers.documents import DOCUMENTS
from tests.structure.modules import ROOT


@pytest.mark.parametrize("path", list(DOCUMENTS), ids=lambda path: path.name)
def test_a_document_is_what_scripts_docs_writes(path: Path) -> None:
    """Run scripts/docs after changing a declaration."""
    assert path.read_text("utf-8") == DOCUMENTS[path]()


def test_the_readme_has_every_variable_and_every_kind() -> None:
    """Its tables are there and have a row for each: a marker that is lost is no empty table."""
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([A-Za-z_]+)` \| ", readme, re.MULTILINE)

    assert [name for name in rows if name.isupper()] == [variable.name for variable in VARIABLES]
    assert [name for name in rows if name.islower()] == list(KINDS)


def test_the_accountants_page_has_every_account_rule_and_format() -> None:
    """Each rule with an example at least: one that is not explained is no rule to an accountant."""
    page = (ROOT / "docs/accounting.md").read_text("utf-8")
    rules = page.partition("<!-- rules: ")[2].partition("<!-- end -->")[0]
    sections = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", rules, re.MULTILINE | re.DOTALL))

    assert [name.lower().replace(" ", "_") for name in sections] == list(RULES)
    assert [name for name, text in sections.items() if "\nWhat is left: " not in text] == []
    assert [each.name for each in ACCOUNTS if f"\n| `{each.name}` |" not in page] == []
    assert [name for name in FORMATS if f"\n| `{name}` |" not in page] == []
