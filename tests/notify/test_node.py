"""The Node package `standardwebhooks`, which others wrote, accepts what was sent, and no more."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.notify.deliveries import Due
from api.notify.signing_secrets import new_secret
from tests.notify.conftest import Facts
from tests.notify.receiver import receiving
from tests.notify.test_sender import run_until, sending, states

NODE, NPM = shutil.which("node"), shutil.which("npm")
PACKAGE = "standardwebhooks@1.1.1"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None or NPM is None, reason="there is no node with npm"),
]

# As docs/notifications.md shows it. Each line of stdin is a request, each of stdout what became
# of it.
SCRIPT = """
import { Webhook } from "standardwebhooks";
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, body, headers } = JSON.parse(line);
  try {
    const notification = new Webhook(secret).verify(body, headers);
    console.log(JSON.stringify({ notification }));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
  }
}
"""

Verify = Callable[..., list[dict[str, Any]]]
BODIES = [
    json.dumps({"type": "order.paid", "data": {"object": {"name": "Zoë 🎉", "amount": 4200}}}),
    json.dumps({"type": "order.paid", "data": {"object": {"name": "Zoë 🎉"}}}, ensure_ascii=False),
    '{"type":"order.paid","data":{"object":null,"text":"a.b \\" \\\\ \\u0000 "}}',
]


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Verify:
    """Ask the package of each request what it says of it."""
    directory = tmp_path_factory.mktemp("node")
    _install(directory)
    script = directory / "verify.mjs"
    script.write_text(SCRIPT, "utf-8")

    def ask(*requests: dict[str, Any]) -> list[dict[str, Any]]:
        lines = "".join(f"{json.dumps(request)}\n" for request in requests)
        output = _run(directory, str(NODE), str(script), stdin=lines)
        assert output.returncode == 0, output.stderr
        return [json.loads(line) for line in output.stdout.splitlines()]

    return ask


def _install(directory: Path) -> None:
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    try:
        result = _run(directory, str(NPM), "install", *options, PACKAGE)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm does not get {PACKAGE} within two minutes")
    if result.returncode != 0:
        pytest.skip(f"npm does not get {PACKAGE}: {result.stderr.strip().splitlines()[:1]}")


def _run(directory: Path, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=directory, input=stdin, capture_output=True, text=True, timeout=120
    )


def sent(facts: Facts, *, rotated: bool) -> tuple[list[str], list[dict[str, Any]]]:
    """The secrets of a subscriber, and the requests that it got."""
    with receiving() as receiver, sending(facts) as sender:
        subscriber, secret = facts.subscribers.add(receiver.url, ["*"])
        secrets = [secret, *([facts.subscribers.rotate(subscriber.id)] if rotated else [])]
        pending = [
            Due(f"ntf_{n}", "order.paid", n, 0, b"row %d" % n, body.encode())
            for n, body in enumerate(BODIES)
        ]
        facts.deliveries.add(subscriber.id, pending)
        run_until(sender, lambda: set(states(facts, subscriber.id).values()) == {"delivered"})
    requests = sorted(receiver.requests, key=lambda request: request.id)
    return secrets, [{"body": each.body.decode(), "headers": each.headers} for each in requests]


@pytest.mark.parametrize("rotated", [False, True], ids=["one secret", "a rotation"])
def test_node_accepts_what_was_sent(facts: Facts, verify: Verify, rotated: bool) -> None:
    """Any text, unaltered, and during a rotation with the old secret as with the new one."""
    secrets, requests = sent(facts, rotated=rotated)

    assert len(secrets) == 1 + rotated
    for secret in secrets:
        assert verify(*({**request, "secret": secret} for request in requests)) == [
            {"notification": json.loads(body)} for body in BODIES
        ]


def test_node_refuses_what_was_not_sent(facts: Facts, verify: Verify) -> None:
    """Another secret, body, id or time than the one that was signed."""
    [secret], [request, *_] = sent(facts, rotated=False)
    request = {**request, "secret": secret}
    headers, old = request["headers"], str(int(request["headers"]["webhook-timestamp"]) - 600)
    refused = verify(
        {**request, "secret": new_secret()},
        {**request, "body": request["body"].replace("4200", "4201")},
        {**request, "headers": {**headers, "webhook-id": "ntf_1"}},
        {**request, "headers": {**headers, "webhook-timestamp": old}},
        request,
    )

    assert [list(each) for each in refused] == [["error"]] * 4 + [["notification"]]
