"""The configuration for development: created on the first start, with four commands to try.

`scripts/run` runs it as `python -m scripts.helpers.development`, with the options of
`ledger serve`, in the repository's directory.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shlex
from pathlib import Path

from api.config.settings import WEBHOOK_SECRET, Settings
from api.console.entry import entry_url
from api.serve.address import host_port
from ledger import ConfigurationError
from ledger.urls import without_secrets

_KEY = "LEDGER_API_KEY"
_SESSION_SECRET = "LEDGER_SESSION_SECRET"
_ENV = Path(".env")

_HEADING = """\
# For development on this machine; written by scripts/run, ignored by git. Environment variables
# override it.
"""


def prepare() -> bool:
    """Write `.env` if nothing is configured; whether the configuration is that for development."""
    if not _ENV.exists() and not os.environ.get(WEBHOOK_SECRET):
        # Readable only for its owner, from the first byte on.
        descriptor = os.open(_ENV, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_HEADING)
            file.write(f"{WEBHOOK_SECRET}=whsec_{secrets.token_hex(24)}\n")
            file.write(f"{_KEY}=lk_{secrets.token_hex(24)}\n")
            file.write(_session_secret())
    elif _is_from_before_the_console():
        with _ENV.open("a", encoding="utf-8") as file:
            file.write(_session_secret())
    return _ENV.exists() and WEBHOOK_SECRET not in os.environ


def _session_secret() -> str:
    return f"{_SESSION_SECRET}={secrets.token_hex(32)}\n"


def _is_from_before_the_console() -> bool:
    """Whether an earlier version wrote the file, which then has no secret for sessions."""
    text = _ENV.read_text("utf-8") if _ENV.exists() else ""
    is_ours = text.startswith(_HEADING) and text.endswith("\n")
    return is_ours and _SESSION_SECRET not in text and _SESSION_SECRET not in os.environ


def first_steps(settings: Settings) -> str:
    """Four commands that can be pasted as they are into other terminals, in any directory."""
    root = Path.cwd()
    base = f"http://{host_port(settings.host, settings.port)}"
    post = _settings("LEDGER_HOST", "LEDGER_PORT") + shlex.quote(str(root / "scripts/sample"))
    query = f"curl -s -H 'Authorization: Bearer {settings.api_keys[0]}' {base}/v1/orders"
    has_secret = without_secrets(settings.database_url) != settings.database_url
    database = "" if has_secret else _settings("LEDGER_DATABASE_URL")
    inside = f"cd {shlex.quote(str(root))} && {database}.venv/bin/ledger"
    return f"""
The settings are in {root / _ENV}.{_console(settings, base)}
Try these in another terminal:

  Post the events of a payment, signed as Stripe signs them:
    {post}
  List the orders; {base}/docs describes the whole API:
    {query}
  Hear of orders as they are paid, in a terminal of its own; then post another payment:
    ({inside} listen --types 'order.*')
  Rebuild the projections from the log:
    ({inside} rebuild)
"""


def _console(settings: Settings, base: str) -> str:
    if not settings.session_secrets:
        return ""
    url = entry_url(base, settings.api_keys[0], settings.session_secrets[0])
    return f"\n\nThe console, signed in (the link works once):\n  {url}\n"


def _settings(*names: str) -> str:
    """Assignments for a shell, of variables that are set here but not in the other terminal."""
    return "".join(
        f"{name}={shlex.quote(os.environ[name])} " for name in names if name in os.environ
    )


def _read_options() -> None:
    """Take the options of `ledger serve` that say where it listens, as the command itself does."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--host")
    parser.add_argument("--port")
    options, _ = parser.parse_known_args()
    for name, value in vars(options).items():
        if value is not None:
            os.environ[f"LEDGER_{name.upper()}"] = value


def main() -> None:
    """Prepare, and print what to try; `ledger serve` will report wrong settings."""
    _read_options()
    if prepare():
        with contextlib.suppress(ConfigurationError):
            settings = Settings.read(serving=True)
            if settings.api_keys:
                print(first_steps(settings), flush=True)


if __name__ == "__main__":
    main()
