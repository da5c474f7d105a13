"""The shape of the repository: short files that say what they are, and no second lists."""

from __future__ import annotations

import ast
import importlib
import re
from fnmatch import fnmatch

from tests.structure.modules import ROOT, Module, modules, of_each

LINES_MAX = 300
EVERYTHING = modules("ledger", "projections", "api", "tests", "scripts")

# What a visitor meets; files whose names begin with a dot are beside the point.
TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "api",
    "docs",
    "ledger",
    "projections",
    "pyproject.toml",
    "scripts",
    "tests",
}


@of_each(EVERYTHING)
def test_a_file_is_one_thought(module: Module) -> None:
    """No file is longer than 300 lines."""
    assert len(module.path.read_text("utf-8").splitlines()) <= LINES_MAX


@of_each(EVERYTHING)
def test_a_file_says_which_thought(module: Module) -> None:
    """Every module begins with a docstring whose first line stands alone."""
    docstring = ast.get_docstring(module.tree)

    assert docstring, "no docstring"
    assert docstring.splitlines()[0].endswith((".", ":", "`"))


@of_each(modules("tests"))
def test_a_test_says_what_it_shows(module: Module) -> None:
    """Every test states the behaviour in its docstring."""
    silent = [
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert silent == []


@of_each(modules("ledger", "projections", "api"))
def test_public_names_exist(module: Module) -> None:
    """Every name in an `__all__` is there."""
    if not declares_names(module) or module.name == "api.serve.wsgi":  # that one opens the stores
        return
    loaded = importlib.import_module(module.name)

    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []


def declares_names(module: Module) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(name, ast.Name) and name.id == "__all__" for name in node.targets)
        for node in module.tree.body
    )


def test_the_top_level_is_small() -> None:
    """At the top stand the three rooms, the tests, and what every project has."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]
    names = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".")
        and not any(fnmatch(path.name, pattern) for pattern in ignored)
    }

    assert names <= TOP_LEVEL


def test_every_metric_of_the_alerts_is_there() -> None:
    """What docs/operations.md watches is declared in api/telemetry."""
    files = sorted((ROOT / "api/telemetry").glob("*metrics.py"))
    code = "".join(path.read_text("utf-8") for path in files)
    prefix = "ledger_projection_"  # these are put together from the names of a state's fields
    watched = re.findall(
        r"`[^`]*?(ledger_[a-z_]+)", (ROOT / "docs/operations.md").read_text("utf-8")
    )
    names = {re.sub(r"_(total|bucket)$", "", name).removeprefix(prefix) for name in watched}

    assert {name for name in names - {"ledger_events"} if name not in code} == set()
