"""The benchmarks' own PostgreSQL, whose logs are dear to make."""

from __future__ import annotations

import shutil

from scripts.benchmarks.postgres import postgres
from tests.servers import temporary_directory


def test_a_second_run_finds_the_databases_of_the_first() -> None:
    """It starts where nothing is, ends in good order, and starts again over what it kept."""
    directory = temporary_directory()
    try:
        with postgres(directory / "data") as server:
            server.make("partial")
            server.rename("partial", "log")
        with postgres(directory / "data") as server:
            assert "log" in server.databases()
            server.make("copy", template="log")
    finally:
        shutil.rmtree(directory)
