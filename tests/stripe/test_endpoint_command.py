"""`ledger stripe endpoint` and `check`: a secret that no crash loses, and what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.config.settings import Settings, environment
from api.simulator.stripe import Fault, Key, Scope, Stripe
from api.stripe.event_types import NEWEST_VERSION, missing_types, projected_types
from ledger import Ledger
from projections import KINDS
from tests.cli.terminal import Terminal
from tests.databases import on_sqlite
from tests.ledger.deliveries import body, delivered
from tests.stripe.conftest import KEYS, RESTRICTED_KEY, TEST_KEY

URL = "https://ledger.example/webhooks/stripe"
PENDING = Path(".stripe-endpoint.json")

pytestmark = on_sqlite


@dataclass
class Shop:
    """A ledger, our own Stripe, and the working directory with `.env`."""

    terminal: Terminal
    simulator: Stripe
    settings: dict[str, str]

    def run(self, *arguments: str, **more: str) -> Any:
        return self.terminal.run("stripe", *arguments, **{**self.settings, **more})

    def read(self, *arguments: str) -> Any:
        return self.terminal.read("stripe", *arguments, **self.settings)

    @property
    def endpoints(self) -> list[dict[str, Any]]:
        """What Stripe has, newest first."""
        endpoints: list[dict[str, Any]] = self.simulator.api.endpoints.list(
            Scope(None, False), {"limit": "100"}
        )["data"]
        return endpoints


@pytest.fixture
def shop(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)
    simulator = Stripe([], KEYS)
    with simulator.serving() as base:
        settings = {
            "STRIPE_API_KEY": TEST_KEY.secret,
            "STRIPE_API_BASE": base,
            "LEDGER_STRIPE_RATE": "100",
        }
        yield Shop(Terminal(ledger_url), simulator, settings)


def secrets() -> dict[str, str]:
    """The signing secrets that a start would read, by name."""
    return {
        each.name: each.value for each in Settings.read(environment(), serving=True).webhook_secrets
    }


def test_the_secret_stands_where_it_is_read(shop: Shop) -> None:
    """Beside those that were there; `.env` keeps all else, and is its owner's alone."""
    Path(".env").write_text(
        "# my settings\nSTRIPE_WEBHOOK_SECRET=old=whsec_0123456789abcdef\nLEDGER_PORT=8123\n"
    )
    os.chmod(".env", 0o600)
    result = shop.run("endpoint", "create", URL)
    [endpoint] = shop.endpoints

    assert result.exit_code == 0, result.output
    assert "whsec_" not in result.output
    assert list(secrets()) == ["old", endpoint["id"]]
    assert secrets()[endpoint["id"]].startswith("whsec_")
    lines = Path(".env").read_text().splitlines()
    assert (lines[0], lines[2], len(lines)) == ("# my settings", "LEDGER_PORT=8123", 3)
    assert Path(".env").stat().st_mode & 0o777 == 0o600
    assert not PENDING.exists()
    assert (endpoint["enabled_events"], endpoint["api_version"]) == (["*"], NEWEST_VERSION)


def test_a_new_file_is_private(shop: Shop) -> None:
    """Without `.env` one is made that nobody else may read."""
    assert shop.run("endpoint", "create", URL).exit_code == 0
    assert Path(".env").stat().st_mode & 0o777 == 0o600
    assert len(secrets()) == 1


def test_it_is_printed_where_env_does_not_count(shop: Shop) -> None:
    """Once, with its name, if the variable is set in the environment."""
    result = shop.run("endpoint", "create", URL, STRIPE_WEBHOOK_SECRET="whsec_0123456789abcdef")

    assert result.exit_code == 0
    assert result.stdout.startswith(f"{shop.endpoints[0]['id']}=whsec_")
    assert not Path(".env").exists() and not PENDING.exists()


@pytest.mark.parametrize("fault", ["lost", "silence", "error"])
def test_an_interrupted_creation_goes_on(shop: Shop, fault: Any) -> None:
    """However it failed, the same command ends with one endpoint and its secret."""
    shop.simulator.faults.add(Fault(fault, "/v1/webhook_endpoints", seconds=0), times=3)
    failed = shop.run("endpoint", "create", URL)
    assert failed.exit_code == 1 and PENDING.exists()
    assert PENDING.stat().st_mode & 0o777 == 0o600
    assert shop.run("endpoint", "create", URL).exit_code == 0

    [endpoint] = shop.endpoints
    assert list(secrets()) == [endpoint["id"]]
    assert not PENDING.exists()


def test_killed_before_the_secret_was_safe(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run gets the secret again, of the same endpoint."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", _fail_for_dotenv)
        assert shop.run("endpoint", "create", URL).exit_code != 0
    assert len(shop.endpoints) == 1 and PENDING.exists()
    assert shop.run("endpoint", "create", URL).exit_code == 0
    assert list(secrets()) == [shop.endpoints[0]["id"]]
    assert len(shop.endpoints) == 1


def _fail_for_dotenv(self: Path, target: Path) -> None:
    if Path(target).name == ".env":
        raise KeyboardInterrupt("killed")
    os.replace(self, target)


def test_an_endpoint_that_was_deleted_meanwhile_is_made_again(shop: Shop) -> None:
    """Stripe would repeat its first answer for a day."""
    shop.simulator.faults.add(Fault("lost", "/v1/webhook_endpoints"), times=3)
    shop.run("endpoint", "create", URL)
    [first] = shop.endpoints
    shop.simulator.api.endpoints.delete(Scope(None, False), first["id"])
    assert shop.run("endpoint", "create", URL).exit_code == 0

    [second] = shop.endpoints
    assert second["id"] != first["id"] and list(secrets()) == [second["id"]]


def test_a_secret_that_is_lost_takes_its_endpoint_along(shop: Shop) -> None:
    """After a day Stripe repeats no answer: the old endpoint goes, a new one comes."""
    shop.simulator.faults.add(Fault("lost", "/v1/webhook_endpoints"), times=3)
    shop.run("endpoint", "create", URL)
    [first] = shop.endpoints
    document = json.loads(PENDING.read_text())
    PENDING.write_text(json.dumps({**document, "began_at": document["began_at"] - 90_000}))
    assert shop.run("endpoint", "create", URL).exit_code == 0

    [second] = shop.endpoints
    assert second["id"] != first["id"] and list(secrets()) == [second["id"]]


def test_another_creation_waits_for_the_first(shop: Shop) -> None:
    """Else the first one's secret would be lost."""
    shop.simulator.faults.add(Fault("lost", "/v1/webhook_endpoints"), times=3)
    shop.run("endpoint", "create", URL)
    result = shop.run("endpoint", "create", URL, "--connect")

    assert result.exit_code == 2 and "its secret is not safe yet" in result.output
    assert len(shop.endpoints) == 1


def test_projected_types_are_those_of_the_declarations(shop: Shop) -> None:
    """Each pattern of a declaration has some, each of them is a pattern's; others are missing."""
    shop.run("endpoint", "create", URL, "--events", "projected", "--connect")
    [endpoint] = shop.endpoints
    types = projected_types()
    patterns = {
        pattern
        for kind in KINDS.values()
        for declared in kind.objects.values()
        for pattern in declared.event_types
    }

    assert endpoint["enabled_events"] == types
    assert endpoint["metadata"]["connect"] == "true"
    for pattern in patterns:
        assert any(name.startswith(pattern.removesuffix("*")) for name in types), pattern
    assert "financial_connections.account.created" not in types
    assert missing_types(["*"]) == [] == missing_types(types)
    assert missing_types(types[1:]) == types[:1]


def test_list_and_update(shop: Shop) -> None:
    """More than ten are listed; events, address and state change, nothing else."""
    for number in range(12):
        assert shop.run("endpoint", "create", f"{URL}?{number}").exit_code == 0
    listed = shop.read("endpoint", "list")
    id = listed[0]["id"]
    changed = shop.read("endpoint", "update", id, "--disable", "--events", "projected")

    assert len(listed) == 12 and all(each["is_ours"] for each in listed)
    assert (changed["status"], changed["enabled_events"]) == ("disabled", projected_types())
    assert shop.run("endpoint", "update", id).exit_code == 2
    assert shop.run("endpoint", "update", "we_none", "--enable").exit_code == 1
    assert id in shop.run("endpoint", "list").output


def test_check_says_what_is_wrong(shop: Shop) -> None:
    """Nothing; disabled; types that are not sent; a version from the future; thin payloads."""
    assert "no endpoint leads here" in shop.run("endpoint", "check").output
    shop.run("endpoint", "create", URL)
    fine = shop.run("endpoint", "check")
    assert fine.exit_code == 0 and "no delivery was verified yet" in fine.output

    ledger = Ledger.open(shop.terminal.url)
    ledger.append([delivered(body(1), 1_700_000_000_000_000)])
    ledger.close()
    shop.simulator.api.endpoints.disable(shop.endpoints[0]["id"])
    endpoints = shop.simulator.api.endpoints
    endpoints.create(
        Scope(None, False),
        {"url": URL, "enabled_events": ["charge.*"], "api_version": "2027-01-01.future"},
    )
    endpoints.destinations.append(
        {
            "id": "ed_test_thin",
            "object": "v2.core.event_destination",
            "name": "thin",
            "status": "enabled",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": ["v1.charge.succeeded"],
        }
    )
    checked = shop.run("endpoint", "check")
    document = json.loads(shop.run("endpoint", "check", "--json").stdout)

    assert checked.exit_code == 1
    for text in ("it is disabled", "types that are projected", "newer than this ledger", "thin"):
        assert text in checked.output
    assert len(document["problems"]) == 4
    assert document["last_delivery"] == {
        "received_at": 1_700_000_000,
        "api_version": "2026-10-28.endive",
    }


def test_a_key_that_may_not_write_is_named(shop: Shop) -> None:
    """It lists and checks all the same."""
    key = {"STRIPE_API_KEY": RESTRICTED_KEY.secret}
    refused = shop.run("endpoint", "create", URL, **key)

    assert refused.exit_code == 1 and "webhook_write" in refused.output
    assert shop.run("endpoint", "list", **key).exit_code == 0


def test_check_tries_each_list(shop: Shop) -> None:
    """What is refused is named with its permission, and with what does not work without it."""
    key = Key("rk_test_reads_events_Zq7x", frozenset({"event_read"}))
    shop.simulator.api.keys[key.secret] = key
    everything = shop.run("check")
    some = shop.run("check", STRIPE_API_KEY=key.secret)

    assert everything.exit_code == 0
    assert some.exit_code == 1
    for text in ("connected_account_read", "webhook_read", "ledger stripe endpoint"):
        assert text in some.output
    assert "event_read" not in some.output and "Zq7x" not in some.output
