"""What `scripts/run` prepares and prints on the first start."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from api.console.signing import Signing
from api.keys import static_reference
from scripts.helpers import development


def first_start(*options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the helper as `scripts/run` does, with an environment to be restored."""
    for name in ("LEDGER_HOST", "LEDGER_PORT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr("sys.argv", ["development", *options])
    development.main()


def test_the_first_start_writes_a_configuration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Secrets that only the owner can read are written once, and four commands are printed."""
    first_start(monkeypatch=monkeypatch)
    text = Path(".env").read_text("utf-8")
    first_start(monkeypatch=monkeypatch)

    assert Path(".env").read_text("utf-8") == text
    assert Path(".env").stat().st_mode & 0o777 == 0o600
    commands = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert len(commands) == 8
    assert commands[:4] == commands[4:]
    assert commands[0] == f"    {Path.cwd() / 'scripts/sample'}"


def test_a_link_to_the_console(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It signs in with the key of the file; a file of an earlier version gets a secret for it."""
    first_start(monkeypatch=monkeypatch)
    text = Path(".env").read_text("utf-8")
    older = "".join(
        line for line in text.splitlines(True) if not line.startswith("LEDGER_SESSION_SECRET")
    )
    Path(".env").write_text(older, "utf-8")
    capsys.readouterr()
    first_start(monkeypatch=monkeypatch)

    values = dict(line.split("=", 1) for line in Path(".env").read_text("utf-8").splitlines()[2:])
    [link] = re.findall(r"http://127\.0\.0\.1:8000/sign-in\?once=(\S+)", capsys.readouterr().out)
    signed = Signing([values["LEDGER_SESSION_SECRET"]]).key_of_link(unquote(link))
    assert signed is not None and signed[0] == static_reference(values["LEDGER_API_KEY"])


def test_the_commands_work_in_another_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They carry the address and the database that were set in this terminal alone."""
    monkeypatch.setenv("LEDGER_DATABASE_URL", "sqlite:///other ledger.db")
    first_start("--port", "8931", "--workers=2", monkeypatch=monkeypatch)

    post, query, listen, rebuild = [
        line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("    ")
    ]
    assert post.startswith("LEDGER_PORT=8931 ")
    assert query.endswith(" http://127.0.0.1:8931/v1/orders")
    ledger = "&& LEDGER_DATABASE_URL='sqlite:///other ledger.db' .venv/bin/ledger"
    assert f"{ledger} listen --types 'order.*'" in listen
    assert f"{ledger} rebuild" in rebuild


def test_a_configured_ledger_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the environment has a webhook secret, nothing is written and nothing is printed."""
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_0123456789abcdef")
    first_start(monkeypatch=monkeypatch)

    assert not Path(".env").exists()
    assert capsys.readouterr().out == ""
