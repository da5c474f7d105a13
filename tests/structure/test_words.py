"""Names say what a thing is, in the words of the field."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.structure.modules import ROOT, Module, modules, of_each

CODE = modules("ledger", "projections", "api", "scripts")
EVERYTHING = [*CODE, *modules("tests")]

# Names that say nothing of what they hold.
EMPTY = {"one", "other_one", "told", "tells", "found", "it", "now", "thing", "things", "mine",
         "ours", "theirs", "asked", "said", "kept", "given", "made"}  # fmt: skip

# Words of our own for which the field has one.
OWN_WORDS = re.compile(
    r"\b(sightings?|conclusions?|neighbourhoods?|lenders?|takeovers?|absorbing|tell(s|ing)? of|"
    r"draws? (all )?(rows|tables|conclusions) again|flips?|beats)\b",
    re.IGNORECASE,
)
PROSE = [
    *(module.path for module in CODE),
    *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


@of_each(EVERYTHING)
def test_a_name_says_what_it_names(module: Module) -> None:
    """No variable, argument or function is called `one`, `told` or `found`."""
    named: list[tuple[str, int]] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            named.append((node.id, node.lineno))
        elif isinstance(node, ast.arg):
            named.append((node.arg, node.lineno))
        elif isinstance(node, ast.FunctionDef):
            named.append((node.name, node.lineno))

    assert [(name, line) for name, line in named if name.strip("_") in EMPTY] == []


@of_each(PROSE)
def test_the_fields_words_are_used(path: Path) -> None:
    """Event store, projection, rebuild, checkpoint, cutover, lag: no words of our own for them."""
    text = path.read_text("utf-8")

    assert [match[0] for match in OWN_WORDS.finditer(text)] == []
