"""How the demo's ledger asks Stripe for what was not delivered to it: by its own commands."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from api.demo.client import UnexpectedResponse
from api.demo.withheld import Way

__all__ = ["Command", "ask"]

_FOLLOWED_SECONDS_MAX = 120.0

Command = Callable[..., str]
"""Runs a command of the ledger and returns what it printed."""


def ask(way: Way, command: Command) -> str:
    """Let the ledger ask for what it was not sent; what came of it in a line.

    Raises ``UnexpectedResponse``.
    """
    match way:
        case Way.OUTAGE:
            fetched = json.loads(command("stripe", "fetch", "--json"))["fetched"]
            return f"`ledger stripe fetch` brought {fetched} events that never arrived."
        case Way.THIN:
            return f"The ledger fetched the objects of {_follow_thin(command)} thin events."
        case Way.HISTORY:
            results = json.loads(command("stripe", "backfill", "--json"))
            recorded = sum(result["recorded"] for result in results)
            return f"`ledger stripe backfill` recorded {recorded} objects."


def _follow_thin(command: Command) -> int:
    deadline = time.monotonic() + _FOLLOWED_SECONDS_MAX
    while time.monotonic() < deadline:
        figures = json.loads(command("status", "--json"))["thin"]
        if not figures["waiting"]:
            return int(figures["events"])
        time.sleep(0.5)
    raise UnexpectedResponse(f"{figures['waiting']} thin events are still without their object")
