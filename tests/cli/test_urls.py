"""Database URLs: what they hide, what they pass on, and which databases are refused at start."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ledger import ConfigurationError, Ledger, database_url
from ledger.urls import without_secrets
from tests.cli.terminal import Terminal, run
from tests.databases import on_postgresql
from tests.servers import PostgresServer

PASSWORD = "hunter2hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{PASSWORD}@host/ledger",
        f"postgresql://me@host/ledger?password={PASSWORD}",
        f"postgresql://me@host/ledger?pasword={PASSWORD}&sslpassword={PASSWORD}",
        f"sqlite:///ledger.db?key={PASSWORD}",
    ],
)
def test_secrets_are_masked(url: str) -> None:
    """A password is not printed, wherever it stands, and if its parameter is misspelt."""
    assert PASSWORD not in without_secrets(url)
    assert make_url(without_secrets(url)).database == make_url(url).database


@on_postgresql
def test_no_command_prints_a_password(ledger_url: str) -> None:
    """Neither with success nor with an error, for people or for programs."""
    terminal = Terminal(f"{ledger_url}&password={PASSWORD}")
    failing = Terminal(terminal.url.replace("/test_", "/missing_"))
    outputs = [
        terminal.ok("status"),
        terminal.ok("status", "--json"),
        failing.run("status").output,
        failing.run("import", "/dev/null").output,
        Terminal(terminal.url + "&sslmode=wrong").run("import", "/dev/null").output,
    ]

    assert all(output and PASSWORD not in output for output in outputs)


def test_an_at_sign_in_a_password() -> None:
    """It would make the rest of the password the host's name, which is printed."""
    result = run("status", LEDGER_DATABASE_URL="postgresql://me:hunter@2hunter2@host/ledger")

    assert result.exit_code == 2
    assert "%40" in result.stderr and "2hunter2" not in result.stderr


@on_postgresql
def test_parameters_are_passed_on(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`options` and other parameters of libpq reach the server; ours win where they must."""
    options = "-c work_mem=5MB -c synchronous_commit=off -c client_encoding=LATIN1"
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    ledger = Ledger.open(f"{ledger_url}&application_name=books&options={options.replace(' ', '+')}")
    names = ("work_mem", "application_name", "synchronous_commit", "client_encoding")
    with ledger.engine.connect() as connection:
        values = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
    ledger.close()

    assert values == ["5MB", "books", "on", "UTF8"]


def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing psycopg is one line that says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    result = run("status", LEDGER_DATABASE_URL="postgresql://localhost/ledger")

    assert result.exit_code == 2
    assert "pip install 'stripe-ledger[postgres]'" in result.stderr
    assert database_url("sqlite:///ledger.db").database == "ledger.db"


@pytest.fixture
def latin_url(postgresql: PostgresServer) -> Iterator[str]:
    """The URL of a database that is not UTF-8."""
    name = "test_latin1"
    with psycopg.connect(
        host=str(postgresql.directory / "socket"), user="postgres", autocommit=True
    ) as admin:
        admin.execute(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
            " TEMPLATE template0"
        )
        yield postgresql.url(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_of_another_encoding(latin_url: str, tmp_path: Path) -> None:
    """A ledger is not made where it could not store every text."""
    file = tmp_path / "utf16.db"
    other = sqlite3.connect(file)
    other.execute("PRAGMA encoding='UTF-16'")
    other.execute("CREATE TABLE other (id)")
    other.close()

    for url in (latin_url, f"sqlite:///{file}"):
        result = run("import", "/dev/null", LEDGER_DATABASE_URL=url)
        assert result.exit_code == 2
        assert "encoding" in result.stderr and len(result.stderr.splitlines()) == 1


def test_the_pool_is_as_large_as_it_is_told(ledger_url: str) -> None:
    """`LEDGER_POOL_SIZE` connections are opened and not one more."""
    ledger = Ledger.open(ledger_url, pool_size=2)
    ledger.engine.pool._timeout = 0.1  # type: ignore[attr-defined]  # not to wait five seconds
    with (
        ledger.engine.connect(),
        ledger.engine.connect(),
        pytest.raises(PoolTimeoutError),
        ledger.engine.connect(),
    ):
        pass
    ledger.close()


def test_a_wrong_url_is_not_printed() -> None:
    """What cannot be parsed may be a password."""
    with pytest.raises(ConfigurationError) as caught:
        database_url(f"{PASSWORD}@host")

    assert PASSWORD not in str(caught.value)
