"""Wrong settings: one message that names each, exit code 2, no traceback, no secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from api.config.settings import VARIABLES, Settings, SettingsError, environment
from tests.cli.processes import ledger
from tests.cli.terminal import run

GOOD = {"STRIPE_WEBHOOK_SECRET": "whsec_0123456789abcdef"}


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.read({**GOOD, **environ}, serving=True)
    return caught.value.problems


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_WEBHOOK_SECRET", ""),
        ("STRIPE_WEBHOOK_SECRET", " "),
        ("STRIPE_WEBHOOK_SECRET", ","),
        ("STRIPE_WEBHOOK_SECRET", "whsec_short"),
        ("STRIPE_WEBHOOK_SECRET", "old=,new=whsec_0123456789abcdef"),
        ("STRIPE_WEBHOOK_SECRET", "a=whsec_0123456789abcdef,a=whsec_1123456789abcdef"),
        ("LEDGER_API_KEY", "short"),
        ("LEDGER_DATABASE_URL", "nonsense"),
        ("LEDGER_DATABASE_URL", "mysql://localhost/ledger"),
        ("LEDGER_DATABASE_URL", "sqlite://"),
        ("LEDGER_PORT", "0"),
        ("LEDGER_PORT", "٨٠٠٠"),
        ("LEDGER_HOST", "http://localhost"),
        ("LEDGER_WORKERS", "many"),
        ("LEDGER_SIGNATURE_TOLERANCE", "0"),
        ("LEDGER_SIGNATURE_TOLERANCE", "3601"),
        ("LEDGER_LIVEMODE", "yes"),
        ("LEDGER_REQUIRE_HTTPS", "perhaps"),
        ("LEDGER_METRICS_ADDRESS", "9100"),
        ("LEDGER_DRAIN_SECONDS", "-1"),
        ("LEDGER_LOG_FORMAT", "xml"),
        ("LEDGER_UNHEARD_OF", "1"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    """Each wrong value is one problem, which names the variable."""
    [problem] = problems(**{name: value})

    assert name in problem


def test_a_near_name_is_suggested() -> None:
    """The problem with a misspelt variable names the one that was meant."""
    [problem] = problems(LEDGER_DATABSE_URL="sqlite:///ledger.db")

    assert "did you mean LEDGER_DATABASE_URL?" in problem


def test_all_problems_are_reported_at_once() -> None:
    """Three mistakes are found in one start."""
    assert len(problems(LEDGER_PORT="x", LEDGER_WORKERS="y", LEDGER_POOLSIZE="5")) == 3


def test_secrets_are_not_shown() -> None:
    """Neither a message nor a repr shows the value of a secret or a password."""
    secret, password = "tooshortsecret", "pass-word-pass-word"
    messages = problems(STRIPE_WEBHOOK_SECRET=secret, LEDGER_API_KEY=secret[:9])
    settings = Settings.read(
        {
            "STRIPE_WEBHOOK_SECRET": f"main={password}",
            "LEDGER_API_KEY": password,
            "LEDGER_DATABASE_URL": f"postgresql://me:{password}@localhost/ledger",
        },
        serving=True,
    )

    assert secret[:9] not in " ".join(messages)
    assert password not in repr(settings)


@pytest.mark.parametrize(
    "text",
    ["'whsec_0123456789abcdef'", 'new="whsec_0123456789abcdef"', "whsec_01234 56789abcdef",
     "whsec_0123456789abcdéf"],
)  # fmt: skip
def test_secrets_that_no_endpoint_has(text: str) -> None:
    """A secret copied with quotes, blanks or other dirt is refused at start, and not shown."""
    [problem] = problems(STRIPE_WEBHOOK_SECRET=text)

    assert "secret 1 has blanks, quotes" in problem
    assert "0123" not in problem


def test_blanks_around_secrets() -> None:
    """Blanks beside a comma or an equals sign are ignored."""
    text = " old = whsec_0123456789abcdef , new= whsec_fedcba9876543210"
    settings = Settings.read({"STRIPE_WEBHOOK_SECRET": text}, serving=True)

    assert [(secret.name, secret.value) for secret in settings.webhook_secrets] == [
        ("old", "whsec_0123456789abcdef"),
        ("new", "whsec_fedcba9876543210"),
    ]


def test_secrets_have_names() -> None:
    """A secret without a name is called by its number."""
    settings = Settings.read(
        {"STRIPE_WEBHOOK_SECRET": "old=whsec_0123456789abcdef, whsec_1123456789abcdef"},
        serving=True,
    )

    assert [secret.name for secret in settings.webhook_secrets] == ["old", "secret2"]


@pytest.mark.parametrize(
    ("host", "required"), [("127.0.0.1", False), ("localhost", False), ("::1", False),
                           ("0.0.0.0", True), ("ledger.example", True)],
)  # fmt: skip
def test_https_is_required_where_others_can_reach(host: str, required: bool) -> None:
    """Plain http is accepted only from this machine, by default."""
    assert Settings.read({"LEDGER_HOST": host}).require_https is required


def test_only_serve_needs_a_secret(tmp_path: Path) -> None:
    """Other commands work without a webhook secret."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"

    assert run("import", "/dev/null", LEDGER_DATABASE_URL=url).exit_code == 0
    assert run("status", LEDGER_DATABASE_URL=url).exit_code == 0


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/at/all/ledger.db",
        "postgresql://ledger:hunter2hunter2@127.0.0.1:1/ledger",
        "postgresql://ledger@/ledger?host=/nowhere",
        "nonsense",
    ],
)
def test_serve_reports_all_problems(url: str) -> None:
    """A database that cannot be reached is reported with all others, in one message, code 2."""
    result = run("serve", LEDGER_DATABASE_URL=url, LEDGER_PORT="x", LEDGER_TYPO="1")

    assert result.exit_code == 2
    for name in ("STRIPE_WEBHOOK_SECRET", "LEDGER_DATABASE_URL", "LEDGER_PORT", "LEDGER_TYPO"):
        assert result.stderr.count(name) == 1
    assert "hunter2" not in result.stderr


def test_no_traceback(tmp_path: Path) -> None:
    """As a process of its own, the command prints the message, ends with 2, and nothing else."""
    result = ledger("serve", cwd=tmp_path, LEDGER_PORT="x")

    assert result.returncode == 2
    assert result.stdout == ""
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "Error", "  LEDGER_PORT", "  STRIPE_WEBHOOK_SECRET is missing"
    ]  # fmt: skip


def test_help_lists_every_variable() -> None:
    """`ledger serve --help` lists all settings."""
    text = run("serve", "--help").stdout

    assert [variable.name for variable in VARIABLES if variable.name not in text] == []


def test_the_environment_overrides_dotenv(monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` in the working directory is read, and the environment wins."""
    Path(".env").write_text("# ours\nLEDGER_PORT=9001\nLEDGER_WORKERS=3\nOTHER=1\n")
    monkeypatch.setenv("LEDGER_PORT", "9002")

    settings = Settings.read()
    assert (settings.port, settings.workers) == (9002, 3)


def test_dotenv_stays_out_of_the_environment() -> None:
    """Only the ledger's variables are taken from `.env`, and none is exported."""
    Path(".env").write_text("LEDGER_WORKERS=3\nOTHER_DATABASE_URL=sqlite:///other.db\n")

    assert Settings.read().workers == 3
    assert "OTHER_DATABASE_URL" not in environment()
    assert not {"LEDGER_WORKERS", "OTHER_DATABASE_URL"} & os.environ.keys()


@pytest.mark.parametrize(
    "line",
    [
        "LEDGER_API_KEY=0123456789${HOME}abcdef",
        "export LEDGER_API_KEY=0123456789${HOME}abcdef",
        "\ufeffLEDGER_API_KEY=0123456789${HOME}abcdef",
        'LEDGER_API_KEY="0123456789${HOME}abcdef"',
        "LEDGER_API_KEY = '0123456789${HOME}abcdef'  # a comment",
    ],
)
def test_dotenv_is_read_as_others_read_it(line: str) -> None:
    """`export`, a byte-order mark, quotes and comments are no part of a value; `${` is."""
    Path(".env").write_text(f"{line}\n", "utf-8")

    assert Settings.read().api_keys == ("0123456789${HOME}abcdef",)


def test_a_dotenv_that_is_no_text() -> None:
    """A `.env` in another encoding is a wrong setting, not a traceback."""
    Path(".env").write_bytes("LEDGER_HOST=bücher".encode("latin-1"))

    with pytest.raises(SettingsError, match="it is no UTF-8 text"):
        Settings.read()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_dotenv_of_another_editor(encoding: str) -> None:
    """UTF-16 is reported, also without a byte-order mark, when its zeros are valid UTF-8."""
    Path(".env").write_text("LEDGER_PORT=9001\n", encoding)

    with pytest.raises(SettingsError, match="it is no UTF-8 text"):
        Settings.read()


def test_a_line_that_cannot_be_read() -> None:
    """A broken line of ours is reported by its number; one of another program is ignored."""
    Path(".env").write_text("not a line\nLEDGER_PORT=9001\nLEDGER_API_KEY='0123456789abcdef\n")
    with pytest.raises(SettingsError, match="line 3 is not NAME=value") as caught:
        Settings.read()
    assert "0123" not in str(caught.value)

    Path(".env").write_text("not a line\nLEDGER_PORT=9001\n")
    assert Settings.read().port == 9001


@pytest.mark.parametrize(("option", "value"), [("--port", "x"), ("--workers", "0")])
def test_a_wrong_option_is_named(monkeypatch: pytest.MonkeyPatch, option: str, value: str) -> None:
    """A wrong value of an option is reported as the option's, not as a variable's."""
    name = f"LEDGER_{option[2:].upper()}"
    monkeypatch.setenv(name, "1")  # restored afterwards
    result = run("serve", option, value, **GOOD)

    assert result.exit_code == 2
    assert f"{option}: must be" in result.stderr
    assert name not in result.stderr


LINKS = {
    "LEDGER_PORT": "tcp://10.0.0.1:8000",
    "LEDGER_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "LEDGER_PORT_8000_TCP_ADDR": "10.0.0.1",
    "LEDGER_PORT_8000_TCP_PORT": "8000",
    "LEDGER_PORT_8000_TCP_PROTO": "tcp",
    "LEDGER_SERVICE_HOST": "10.0.0.1",
    "LEDGER_SERVICE_PORT": "8000",
    "LEDGER_SERVICE_PORT_HTTP": "8000",
    "LEDGER_METRICS_PORT": "udp://10.0.0.2:9100",
    "LEDGER_METRICS_SERVICE_HOST": "10.0.0.2",
}


def test_service_links_of_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Kubernetes sets for services of our name is ignored, with one warning that names it."""
    for name, value in LINKS.items():
        monkeypatch.setenv(name, value)

    assert Settings.read().port == 8000
    first, *rest = run("status", LEDGER_DATABASE_URL="sqlite:///none.db").stderr.splitlines()
    assert first.startswith("Warning: ") and "enableServiceLinks" in first
    assert all(name in first for name in LINKS)
    assert not any("LEDGER_PORT" in line for line in rest)


@pytest.mark.parametrize("name", ["LEDGER_PORTS", "LEDGER_SERVICE", "LEDGER_TCP"])
def test_what_is_no_service_link(name: str) -> None:
    """Other unknown variables are still reported."""
    assert name in problems(**{name: "tcp://10.0.0.1:8000"})[0]
