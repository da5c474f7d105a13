"""What docs/operations.md says of settings, metrics and tests names such as there are."""

from __future__ import annotations

import re

from api.config.service_links import service_links
from api.config.settings import VARIABLES
from tests.structure.modules import ROOT, modules

TEXT = (ROOT / "docs" / "operations.md").read_text("utf-8")
CODE = "".join(module.path.read_text("utf-8") for module in modules("api", "ledger", "projections"))
OF_POSTGRESQL = {"max_connections", "pg_dump"}


def test_what_is_marked_is_run() -> None:
    """Where a mark names the file of a test, it is there."""
    marks = re.findall(r"\(✓ ([^)]*)\)", TEXT)

    assert len(marks) > 10
    assert [mark for mark in marks if not (ROOT / mark).is_file()] == []


def test_every_variable_is_a_setting() -> None:
    """Also those of the examples, which people copy."""
    named = set(re.findall(r"\b(?:LEDGER|STRIPE)_[A-Z_]*[A-Z]\b", TEXT))

    assert named - {variable.name for variable in VARIABLES} == set()
    assert service_links({"LEDGER_PORT": re.findall(r"LEDGER_PORT=(tcp://)", TEXT)[0]})


def test_every_name_is_in_the_code() -> None:
    """A reason, log line, field or metric that the code does not have could never be seen."""
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", TEXT)) - OF_POSTGRESQL

    assert "administrative_act" in names
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", CODE)] == []
