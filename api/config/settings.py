"""The settings: one declaration per environment variable, all of them judged at once."""

from __future__ import annotations

import difflib
import ipaddress
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from api.config import variables
from api.config.variables import Secret, Variable, integer, one_of, variable
from ledger import ConfigurationError

__all__ = ["VARIABLES", "Secret", "Settings", "SettingsError"]

WEBHOOK_SECRET = "STRIPE_WEBHOOK_SECRET"


class SettingsError(ConfigurationError):
    """Some values are wrong; `problems` names each, its text all of them."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["wrong configuration:", *(f"  {p}" for p in self.problems)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, in the order in which people are told of it."""

    database_url: str = variable(
        "LEDGER_DATABASE_URL",
        variables.store,
        "sqlite:///ledger.db",
        "Where the log is: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
        " (a socket by ?host=DIRECTORY)",
        secret=True,
    )
    webhook_secrets: tuple[Secret, ...] = variable(
        WEBHOOK_SECRET,
        variables.webhook_secrets,
        "",
        "The endpoint's signing secrets, separated by commas, each whsec_… or name=whsec_…;"
        " serve needs one",
        secret=True,
    )
    api_keys: tuple[str, ...] = variable(
        "LEDGER_API_KEY",
        variables.api_keys,
        "",
        "API keys of full scope, separated by commas, beside those that `ledger keys` makes",
        secret=True,
    )
    host: str = variable("LEDGER_HOST", variables.host, "127.0.0.1", "The address to listen on")
    port: int = variable("LEDGER_PORT", integer(1, 65535), "8000", "The port to listen on")
    workers: int = variable("LEDGER_WORKERS", integer(1, 64), "1", "How many web processes")
    threads: int = variable(
        "LEDGER_THREADS",
        integer(4, 1024),
        "192",
        "Threads of each web process; every slow sender occupies one, every delivery that waits",
    )
    livemode: bool | None = variable(
        "LEDGER_LIVEMODE",
        one_of({"any": None, "true": True, "false": False}),
        "any",
        "The mode whose events are taken: any, true (live) or false (test); others are quarantined",
    )
    signature_tolerance: int = variable(
        "LEDGER_SIGNATURE_TOLERANCE",
        integer(1, 3600),
        "300",
        "Seconds that a signature's time may be off, either way",
    )
    max_body: int = variable(
        "LEDGER_MAX_BODY", integer(1024, 1 << 26), "1048576", "The longest webhook body, in bytes"
    )
    require_https: bool | None = variable(
        "LEDGER_REQUIRE_HTTPS",
        one_of({"auto": None, "true": True, "false": False}),
        "auto",
        "Refuse webhooks over plain http: true, false, or auto"
        " (true unless bound to a loopback address)",
    )
    trusted_proxies: int = variable(
        "LEDGER_TRUSTED_PROXIES",
        integer(0, 16),
        "0",
        "Reverse proxies in front whose X-Forwarded headers are believed",
    )
    drain_seconds: int = variable(
        "LEDGER_DRAIN_SECONDS",
        integer(0, 600),
        "2",
        "Seconds that /readyz says 503 at the end, before the listener closes",
    )
    queue_max: int = variable(
        "LEDGER_QUEUE_MAX",
        integer(1, 100_000),
        "128",
        "Deliveries that may wait to be appended in each web process; beyond, 503. Fewer than"
        " threads, so that some are left to say so",
    )
    lock_timeout_ms: int = variable(
        "LEDGER_LOCK_TIMEOUT_MS",
        integer(1, 60_000),
        "3000",
        "Milliseconds that an append waits for the log's lock",
    )
    pool_size: int = variable(
        "LEDGER_POOL_SIZE", integer(1, 1000), "5", "Database connections that each process keeps"
    )
    follow_interval_ms: int = variable(
        "LEDGER_FOLLOW_INTERVAL_MS",
        integer(1, 60_000),
        "50",
        "Milliseconds that the follower rests between rounds, unless it is behind",
    )
    check_hours: int = variable(
        "LEDGER_CHECK_HOURS",
        integer(0, 8760),
        "24",
        "Hours from one check of all rows against the log to the next; 0: never",
    )
    metrics_address: tuple[str, int] | None = variable(
        "LEDGER_METRICS_ADDRESS",
        variables.address,
        "",
        "HOST:PORT to serve /metrics on, instead of beside the API",
    )
    log_format: str = variable(
        "LEDGER_LOG_FORMAT",
        one_of({choice: choice for choice in ("auto", "json", "console")}),
        "auto",
        "json, console, or auto (console on a terminal)",
    )

    def __post_init__(self) -> None:
        if self.require_https is None:
            object.__setattr__(self, "require_https", not _is_loopback(self.host))
        if self.log_format == "auto":
            chosen = "console" if sys.stderr.isatty() else "json"
            object.__setattr__(self, "log_format", chosen)

    @classmethod
    def read(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        serving: bool = False,
        probe: Callable[[str], str | None] | None = None,
    ) -> Settings:
        """The settings an environment tells, by default this process's with `.env` beneath.

        Raises `SettingsError`, which names every wrong value. Webhook secrets are judged only
        when `serving`; `probe` is given the database's URL and says what is wrong with it.
        """
        if environ is None:
            environ = environment()
        values: dict[str, Any] = {}
        problems: list[str] = []
        for each in VARIABLES:
            text = environ.get(each.name, "").strip()
            if each.name == WEBHOOK_SECRET and not (text and serving):
                if serving:
                    problems.append(f"{each.name} is missing: set it to the endpoint's whsec_…")
                continue
            try:
                value = each.parse(text or each.default)
                if probe is not None and each.attribute == "database_url":
                    problems += [found] if (found := probe(value)) else []
                values[each.attribute] = value
            except ConfigurationError as error:  # it names the variable itself
                problems.append(str(error))
            except ValueError as error:
                problems.append(f"{each.name}: {error}")
        problems += [_unknown(name) for name in sorted(environ) if _is_unknown(name)]
        if problems:
            raise SettingsError(problems)
        return cls(**values)


VARIABLES = tuple(Variable.of(each) for each in fields(Settings))


def environment() -> dict[str, str]:
    """This process's environment, over the variables that `.env` in the working directory holds.

    Of `.env` only our own variables are read, as `scripts/run` writes them: `NAME=value`.
    """
    path = Path(".env")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    ours = {name: value for name, value in pairs if is_ours(name)}
    return {**ours, **os.environ}


def is_ours(name: str) -> bool:
    """Whether an environment variable is meant for the ledger."""
    return name.startswith("LEDGER_") or name == WEBHOOK_SECRET


def _is_unknown(name: str) -> bool:
    return name.startswith("LEDGER_") and name not in {each.name for each in VARIABLES}


def _unknown(name: str) -> str:
    """Most unknown variables are a known one, misspelt."""
    known = [each.name.removeprefix("LEDGER_") for each in VARIABLES]
    near = difflib.get_close_matches(name.removeprefix("LEDGER_"), known, n=1)
    hint = f"did you mean LEDGER_{near[0]}?" if near else "ledger serve --help lists them"
    return f"{name} is no variable of the ledger; {hint}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
