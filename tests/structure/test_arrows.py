"""Imports point api → projections → ledger, and each library stays in its blueprint."""

from __future__ import annotations

import pytest

from tests.structure.modules import Module, is_in, modules

CODE = modules("ledger", "projections", "api")
BELOW_API = modules("ledger", "projections")


def by_name(module: Module) -> str:
    return module.name


@pytest.mark.parametrize("module", modules("ledger"), ids=by_name)
def test_the_ledger_knows_no_conclusions(module: Module) -> None:
    """Nothing in ledger imports projections or api."""
    assert [name for name in module.imports() if is_in(name, "projections", "api")] == []


@pytest.mark.parametrize("module", modules("projections"), ids=by_name)
def test_projections_know_no_doors(module: Module) -> None:
    """Nothing in projections imports api."""
    assert [name for name in module.imports() if is_in(name, "api")] == []


@pytest.mark.parametrize("module", CODE, ids=by_name)
def test_nothing_imports_the_tests(module: Module) -> None:
    """Tests and scripts are outermost."""
    assert [name for name in module.imports() if is_in(name, "tests", "scripts")] == []


@pytest.mark.parametrize("module", BELOW_API, ids=by_name)
def test_only_api_knows_http(module: Module) -> None:
    """No module below api imports Flask or anything else of the web."""
    web = ("flask", "flask_smorest", "werkzeug", "webargs", "granian", "prometheus_client", "click")

    assert [name for name in module.imports() if is_in(name, *web)] == []


@pytest.mark.parametrize("module", CODE, ids=by_name)
def test_only_the_store_knows_the_library(module: Module) -> None:
    """Only ledger.store imports eventsourcing."""
    library = ("eventsourcing", "eventsourcing_sqlalchemy")
    imported = [name for name in module.imports() if is_in(name, *library)]

    assert imported == [] or is_in(module.name, "ledger.store")


@pytest.mark.parametrize("module", modules("api/simulator"), ids=by_name)
def test_the_simulator_imports_only_itself(module: Module) -> None:
    """The simulator imports nothing else of the repository, so it cannot share an error with it."""
    repository = ("ledger", "projections", "api", "scripts", "tests")
    imported = [name for name in module.imports() if is_in(name, *repository)]

    assert [name for name in imported if not is_in(name, "api.simulator")] == []
