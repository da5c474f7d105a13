"""The rooms of the projections: arrows among them, purity of the folding ones, no circles."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.structure.modules import ROOT, Module, is_in, modules, of_each

PROJECTIONS = modules("projections")
CODE = modules("ledger", "projections", "api", "scripts")

# objects ← rows ← payments, kinds ← tables ← drivers, queries ← feed, journal
BELOW = {
    "objects": (),
    "rows": ("objects",),
    "payments": ("objects", "rows"),
    "kinds": ("objects", "rows", "payments"),
    "tables": ("objects", "rows", "payments", "kinds"),
    "drivers": ("objects", "rows", "payments", "kinds", "tables"),
    "queries": ("objects", "rows", "payments", "kinds", "tables"),
    "feed": ("objects", "rows", "payments", "kinds", "tables", "drivers", "queries"),
    "journal": ("objects", "rows", "payments", "kinds", "tables", "drivers", "queries"),
}
PURE = ("objects", "rows", "payments", "kinds")
# What a pure function has no use for: databases, clocks, chance, files, processes, networks.
IMPURE = (
    "sqlalchemy", "sqlite3", "psycopg", "time", "datetime", "random", "secrets", "os", "pathlib",
    "io", "socket", "subprocess", "threading", "multiprocessing", "concurrent", "asyncio",
)  # fmt: skip
# Of the log, the fold sees recorded events, the names of streams and of records, and no store.
PURE_LEDGER = {"ledger.LedgerError", "ledger.RecordedEvent", "ledger.SNAPSHOT",
               "ledger.identity.SNAPSHOT_PREFIX", "ledger.identity.stream_bytes",
               "ledger.identity.stream_id"}  # fmt: skip


def room_of(module: str) -> str | None:
    """`objects` for `projections.objects.state`; None for the facade and the errors."""
    parts = module.split(".")
    return parts[1] if parts[0] == "projections" and len(parts) > 1 and parts[1] in BELOW else None


def test_every_room_is_known() -> None:
    """A folder of projections has its place among the arrows."""
    folders = {path.name for path in (ROOT / "projections").iterdir() if path.is_dir()}

    assert folders - {"__pycache__"} == set(BELOW)


@of_each(PROJECTIONS)
def test_a_room_imports_only_what_is_below_it(module: Module) -> None:
    """objects ← rows ← payments, kinds ← tables ← drivers, queries ← feed; errors are all's."""
    room = room_of(module.name)
    if room is None:
        return
    allowed = {room, *BELOW[room]}
    imported = [name for name in module.imports() if is_in(name, "projections")]

    assert [n for n in imported if room_of(n) not in allowed and n != "projections.errors"] == []


@of_each([module for module in PROJECTIONS if room_of(module.name) in PURE])
def test_folding_is_pure(module: Module) -> None:
    """Nothing in objects, rows, payments and kinds reaches a database, a clock or a file."""
    assert [name for name in module.imports() if is_in(name, *IMPURE)] == []
    used = {name for name in module.imported_names() if is_in(name, "ledger")}
    assert used <= PURE_LEDGER


def test_no_module_imports_itself_in_a_circle() -> None:
    """The imports of all modules have an order, inside functions too."""
    known = {module.name for module in CODE}
    graph = {
        module.name: {name for name in module.imported_modules(known) if name != module.name}
        for module in CODE
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


@of_each(CODE)
def test_imports_are_the_same_for_types_and_at_work(module: Module) -> None:
    """No TYPE_CHECKING: it hides a circle."""
    names = {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}

    assert "TYPE_CHECKING" not in names
