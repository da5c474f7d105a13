"""Imports point api → projections → ledger, and each library stays in its blueprint."""

from __future__ import annotations

from tests.structure.modules import Module, is_in, modules, of_each

CODE = modules("ledger", "projections", "api")
BELOW_API = modules("ledger", "projections")


@of_each(modules("ledger"))
def test_the_ledger_knows_no_conclusions(module: Module) -> None:
    """Nothing in ledger imports projections or api."""
    assert [name for name in module.imports() if is_in(name, "projections", "api")] == []


@of_each(modules("projections"))
def test_projections_know_no_doors(module: Module) -> None:
    """Nothing in projections imports api."""
    assert [name for name in module.imports() if is_in(name, "api")] == []


@of_each(CODE)
def test_nothing_imports_the_tests(module: Module) -> None:
    """Tests and scripts are outermost."""
    assert [name for name in module.imports() if is_in(name, "tests", "scripts")] == []


@of_each(BELOW_API)
def test_only_api_knows_http(module: Module) -> None:
    """No module below api imports Flask or anything else of the web."""
    web = ("flask", "flask_smorest", "werkzeug", "webargs", "granian", "prometheus_client", "click")

    assert [name for name in module.imports() if is_in(name, *web)] == []


@of_each(CODE)
def test_only_the_store_knows_the_library(module: Module) -> None:
    """Only ledger.store imports eventsourcing."""
    library = ("eventsourcing", "eventsourcing_sqlalchemy")
    imported = [name for name in module.imports() if is_in(name, *library)]

    assert imported == [] or is_in(module.name, "ledger.store")


@of_each(modules("api/simulator"))
def test_the_simulator_imports_only_itself(module: Module) -> None:
    """The simulator imports nothing else of the repository, so it cannot share an error with it."""
    repository = ("ledger", "projections", "api", "scripts", "tests")
    imported = [name for name in module.imports() if is_in(name, *repository)]

    assert [name for name in imported if not is_in(name, "api.simulator")] == []
