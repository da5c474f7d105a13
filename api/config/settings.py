"""The settings: one declaration per environment variable, all of them checked at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

from api.config import variables
from api.config.dotenv_file import read_dotenv
from api.config.problems import SettingsError, invalid, unknown
from api.config.service_links import service_links
from api.config.variables import Environment, Secret, Variable, custom, integer, one_of, variable
from api.notify.addresses import DEFAULT_NETWORKS, Network

__all__ = ["VARIABLES", "Secret", "Settings", "SettingsError"]

WEBHOOK_SECRET = "STRIPE_WEBHOOK_SECRET"

# What its names have in front, and the names that are Stripe's.
_PREFIX = "LEDGER_"
_STRIPES = (WEBHOOK_SECRET, "STRIPE_API_KEY", "STRIPE_API_BASE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured, in the order in which the help lists it."""

    database_url: str = variable(
        "LEDGER_DATABASE_URL",
        custom(variables.read_database_url),
        "sqlite:///ledger.db",
        "The database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
        " (a socket by ?host=DIRECTORY)",
        secret=True,
    )
    webhook_secrets: tuple[Secret, ...] = variable(
        WEBHOOK_SECRET,
        custom(variables.read_webhook_secrets),
        "",
        "The endpoint's signing secrets, separated by commas, each whsec_… or name=whsec_…;"
        " serve needs one",
        secret=True,
    )
    api_keys: tuple[str, ...] = variable(
        "LEDGER_API_KEY",
        custom(variables.read_api_keys),
        "",
        "API keys of full scope, separated by commas, beside those that `ledger keys` makes",
        secret=True,
    )
    session_secrets: tuple[str, ...] = variable(
        "LEDGER_SESSION_SECRET",
        custom(variables.read_session_secrets),
        "",
        "What signs the console's cookies, the first of several; without one nobody signs in there",
        secret=True,
    )
    stripe_api_key: str | None = variable(
        "STRIPE_API_KEY",
        custom(variables.read_stripe_api_key),
        "",
        "A key of Stripe's API, restricted or secret, to ask for what webhooks did not bring;"
        " without one Stripe is never asked",
        secret=True,
    )
    stripe_api_base: str = variable(
        "STRIPE_API_BASE",
        custom(variables.read_stripe_api_base),
        "https://api.stripe.com",
        "Where Stripe's API is, for tests and proxies",
    )
    stripe_rate: int = variable(
        "LEDGER_STRIPE_RATE",
        integer(0, 100),
        "0",
        "Requests a second to Stripe at most; 0: a tenth of what Stripe allows (10; of a sandbox,"
        " and to each resource, 2.5)",
    )
    sweep_minutes: int = variable(
        "LEDGER_SWEEP_MINUTES",
        integer(0, 1440),
        "10",
        "Minutes between two sweeps of Stripe's events for those that never arrived; 0: never",
    )
    host: str = variable(
        "LEDGER_HOST", custom(variables.read_host), "127.0.0.1", "The address to listen on"
    )
    port: int = variable("LEDGER_PORT", integer(1, 65535), "8000", "The port to listen on")
    workers: int = variable("LEDGER_WORKERS", integer(1, 64), "1", "Number of web processes")
    threads: int = variable(
        "LEDGER_THREADS",
        integer(4, 1024),
        "192",
        "Threads of each web process, which answer all requests but deliveries",
    )
    livemode: bool | None = variable(
        "LEDGER_LIVEMODE",
        one_of({"any": None, "true": True, "false": False}),
        "any",
        "The mode of the events to accept: any, true (live) or false (test); others are"
        " quarantined",
    )
    signature_tolerance: int = variable(
        "LEDGER_SIGNATURE_TOLERANCE",
        integer(1, 3600),
        "300",
        "Seconds by which a signature's time may differ from the clock, either way",
    )
    max_body: int = variable(
        "LEDGER_MAX_BODY",
        integer(1024, 1 << 26),
        "1048576",
        "Maximum size of a webhook body, in bytes",
    )
    body_seconds: int = variable(
        "LEDGER_BODY_SECONDS",
        integer(1, 60),
        "10",
        "Seconds in which a whole body has to arrive; after them its connection is closed",
    )
    idle_seconds: int = variable(
        "LEDGER_IDLE_SECONDS",
        integer(1, 3600),
        "30",
        "Seconds after which a connection is closed on which no request has arrived as far as the"
        " end of its headers. Let a proxy give up its own connections sooner",
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
        "Number of reverse proxies in front whose X-Forwarded headers are trusted",
    )
    drain_seconds: int = variable(
        "LEDGER_DRAIN_SECONDS",
        integer(0, 600),
        "2",
        "Seconds for which /readyz answers 503 at shutdown, before the listener closes",
    )
    queue_max: int = variable(
        "LEDGER_QUEUE_MAX",
        integer(1, 100_000),
        "128",
        "Deliveries that may wait to be appended in each web process; those beyond get 503",
    )
    lock_timeout_ms: int = variable(
        "LEDGER_LOCK_TIMEOUT_MS",
        integer(1, 60_000),
        "3000",
        "Milliseconds that an append waits for the log's lock",
    )
    pool_size: int = variable(
        "LEDGER_POOL_SIZE",
        integer(2, 1000),
        "10",
        "Database connections that each process opens at most for the log, and as many for the"
        " projections",
    )
    personal_data: bool = variable(
        "LEDGER_PERSONAL_DATA",
        one_of({"on": True, "off": False}),
        "on",
        "off leaves personal fields (e-mail, name, phone, address) out of rows, SQL and search; the"
        " rows are rebuilt after a change. Events keep their bodies",
    )
    follow_interval_ms: int = variable(
        "LEDGER_FOLLOW_INTERVAL_MS",
        integer(1, 60_000),
        "50",
        "Milliseconds that the follower pauses between rounds, unless it lags far behind",
    )
    check_hours: int = variable(
        "LEDGER_CHECK_HOURS",
        integer(0, 8760),
        "24",
        "Hours between two checks of all rows against the log; 0: never",
    )
    subscriber_networks: tuple[Network, ...] = variable(
        "LEDGER_SUBSCRIBER_NETWORKS",
        custom(variables.read_networks),
        DEFAULT_NETWORKS,
        "Networks (CIDRs, separated by commas) that are not public and to which notifications may"
        " be sent; link-local and metadata addresses never are",
    )
    notifier: bool = variable(
        "LEDGER_NOTIFIER",
        one_of({"true": True, "false": False}),
        "true",
        "Whether `ledger serve` runs a notifier: true or false. Without one, nothing is handed out"
        " unless `ledger notify` runs elsewhere",
    )
    handlers: str | None = variable(
        "LEDGER_HANDLERS",
        custom(variables.read_module),
        "",
        "A Python module with HANDLERS, functions by type of notification, such as shop.fulfilment",
    )
    notify_max_age: int = variable(
        "LEDGER_NOTIFY_MAX_AGE",
        integer(60, 10 * 365 * 86_400),
        "604800",
        "Seconds after which an event is too old to be news when it is received: what it tells is"
        " handed only to subscribers that ask for history",
    )
    metrics_address: tuple[str, int] | None = variable(
        "LEDGER_METRICS_ADDRESS",
        custom(variables.read_address),
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
            object.__setattr__(self, "require_https", not variables.is_loopback(self.host))
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
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> Settings:
        """Read the settings from an environment, by default this process's and `.env`.

        Webhook secrets are read only when `serving`. `probe` gets the database's URL and returns a
        problem with it, or None. `options` are variables that were set by an option, and its name.
        Raises `SettingsError`, which names every wrong value.
        """
        environ = dict(environment() if environ is None else environ)
        for name in service_links(environ):
            del environ[name]
        texts = {
            each.name: environ.get(each.name, "").strip() or each.default for each in VARIABLES
        }
        env = Environment(texts)
        values = {
            each.attribute: each.parse(env, each.name)
            for each in VARIABLES
            if serving or each.name != WEBHOOK_SECRET
        }
        problems = invalid(env, options)
        url = values["database_url"]
        if probe is not None and url is not None and (problem := probe(url)):
            problems.append(problem)
        if serving and not texts[WEBHOOK_SECRET]:
            problems.append(f"{WEBHOOK_SECRET} is missing: set it to the endpoint's whsec_…")
        names = [each.name for each in VARIABLES]
        problems += [unknown(each, _PREFIX, names) for each in sorted(environ) if _is_unknown(each)]
        if problems:
            raise SettingsError(problems)
        return cls(**values)


VARIABLES = tuple(Variable.of(each) for each in fields(Settings))


def environment() -> dict[str, str]:
    """This process's environment, completed by our variables of `.env` in the working directory.

    Variables of other programs in `.env` are ignored, and nothing is exported to `os.environ`.
    Raises `SettingsError` where the file cannot be read.
    """
    try:
        return {**read_dotenv(Path(".env"), is_ours), **os.environ}
    except ValueError as error:
        raise SettingsError([str(error)]) from None


def is_ours(name: str) -> bool:
    """Whether an environment variable is meant for the ledger."""
    return name.startswith(_PREFIX) or name in _STRIPES


def _is_unknown(name: str) -> bool:
    return name.startswith(_PREFIX) and name not in {each.name for each in VARIABLES}
