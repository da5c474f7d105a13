"""A development's configuration: made on the first start, and what to try with it.

`python -m scripts.helpers.development`, run by `scripts/run` in the repository's directory.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
from pathlib import Path

from api.config.settings import WEBHOOK_SECRET, Settings
from api.serve.address import host_port
from ledger import ConfigurationError

_KEY = "LEDGER_API_KEY"
_ENV = Path(".env")

_HEADING = """\
# For development on this machine; made by scripts/run, ignored by git. The environment wins.
"""


def prepare() -> bool:
    """Writes `.env` where nothing is configured; whether this is a development's configuration."""
    if not _ENV.exists() and not os.environ.get(WEBHOOK_SECRET):
        # Only for its owner, from the first byte on.
        descriptor = os.open(_ENV, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_HEADING)
            file.write(f"{WEBHOOK_SECRET}=whsec_{secrets.token_hex(24)}\n")
            file.write(f"{_KEY}=lk_{secrets.token_hex(24)}\n")
    return _ENV.exists() and WEBHOOK_SECRET not in os.environ


def first_steps(settings: Settings) -> str:
    """Three commands that work as they are, in another terminal, in any directory."""
    here = Path.cwd()
    base = f"http://{host_port(settings.host, settings.port)}"
    post = shlex.quote(str(here / "scripts/sample"))
    query = f"curl -s -H 'Authorization: Bearer {settings.api_keys[0]}' {base}/v1/orders"
    rebuild = f"(cd {shlex.quote(str(here))} && .venv/bin/ledger rebuild)"
    return f"""
The settings are in {here / _ENV}. Try next, in another terminal:

  Post a payment's events, signed as Stripe signs them:
    {post}
  Ask for the orders; {base}/docs has all there is to ask:
    {query}
  Draw all conclusions again from the log:
    {rebuild}
"""


def main() -> None:
    """Prepares; what is wrong with the settings is left for `ledger serve` to tell."""
    if prepare():
        with contextlib.suppress(ConfigurationError):
            settings = Settings.read(serving=True)
            if settings.api_keys:
                print(first_steps(settings), flush=True)


if __name__ == "__main__":
    main()
