"""What the demo does not deliver, and the ledger asks Stripe for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from api.demo.client import UnexpectedResponse
from api.simulator import API_VERSIONS, STORIES, Json, Row, Story, Truth, histories
from api.simulator.thin import thin

__all__ = ["BY_EVENTS", "ONLY_EVENTS_TELL", "TOLD_BY_TYPE", "Asking", "Way", "stories_of"]

_DAY_SECONDS = 86_400
# Younger events are left to their webhooks.
_WEBHOOK_SECONDS = 310
_FOLLOWED_SECONDS_MAX = 120.0

# What no object shows, and only events tell.
ONLY_EVENTS_TELL: Mapping[str, frozenset[str]] = {
    "orders": frozenset({"paid_at"}),
    "payouts": frozenset({"paid_at", "failed_at"}),
    "disputes": frozenset({"funds_withdrawn_at", "funds_reinstated_at"}),
}
# How old a row is by its own events.
BY_EVENTS = frozenset({"events", "updated", "position"})
# That a session's payment failed, an authorization expired, or a payment was detached, no object
# shows; one that took its access away is listed no more.
TOLD_BY_TYPE = frozenset(
    {
        "checkout.session.async_payment_failed",
        "charge.expired",
        "invoice_payment.detached",
        "account.application.deauthorized",
    }
)
# They are neither listed nor fetched.
_NOT_LISTED = frozenset({"discounts"})


class Way(StrEnum):
    """In which way events of the test mode do not come by the endpoint."""

    OUTAGE = "outage"
    THIN = "thin"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Asking:
    """What is withheld of which stories, and the ledger that asks for it.

    ``command`` runs a command of that ledger and returns what it printed.
    """

    way: Way
    stories: list[Story]
    days: int
    command: Callable[..., str]

    @property
    def shows_all(self) -> bool:
        """Whether nothing is lost by it: rows and notifications are as if all had been sent."""
        return self.way is Way.OUTAGE

    def delivered(self, event: Json) -> Json | None:
        """What the endpoint is sent of an event: nothing, or another one."""
        if event["livemode"]:
            return event
        match self.way:
            case Way.OUTAGE:
                now = time.time()
                is_lost = now - self.days * _DAY_SECONDS <= event["created"]
                return None if is_lost and event["created"] < now - _WEBHOOK_SECONDS else event
            case Way.THIN:
                return thin(event) or event
            case Way.HISTORY:
                return None

    def complete(self, write: Callable[[str], None]) -> None:
        """Let the ledger ask for what it was not sent; raises ``UnexpectedResponse``."""
        match self.way:
            case Way.OUTAGE:
                fetched = json.loads(self.command("stripe", "fetch", "--json"))["fetched"]
                write(f"`ledger stripe fetch` brought {fetched} events that never arrived.")
            case Way.THIN:
                events = self._follow_thin()
                write(f"The ledger fetched the objects of {events} thin events.")
            case Way.HISTORY:
                results = json.loads(self.command("stripe", "backfill", "--json"))
                recorded = sum(result["recorded"] for result in results)
                write(f"`ledger stripe backfill` recorded {recorded} objects.")

    def comparable(
        self, truth: Truth, rows: Mapping[str, Mapping[str, Row]]
    ) -> tuple[Truth, dict[str, dict[str, Row]]]:
        """The truth and the rows without what nobody can know who asks only afterwards."""
        return (
            {
                kind: {
                    id: self._shown(kind, row)
                    for id, row in of_kind.items()
                    if not (self.way is Way.HISTORY and _is_deleted(row))
                }
                for kind, of_kind in truth.items()
                if kind not in _NOT_LISTED
            },
            {
                kind: {id: self._shown(kind, row) for id, row in of_kind.items()}
                for kind, of_kind in rows.items()
            },
        )

    def _shown(self, kind: str, row: Row) -> dict[str, Any]:
        left_out = BY_EVENTS | ONLY_EVENTS_TELL.get(kind, frozenset())
        if self.way is Way.THIN:
            # Of an object without a time of its own it is that of its first event.
            left_out |= {"created"}
        return {name: value for name, value in row.items() if name not in left_out}

    def _follow_thin(self) -> int:
        deadline = time.monotonic() + _FOLLOWED_SECONDS_MAX
        while time.monotonic() < deadline:
            figures = json.loads(self.command("status", "--json"))["stripe"]["thin"]
            if not figures["waiting"]:
                return int(figures["events"])
            time.sleep(0.5)
        raise UnexpectedResponse(f"{figures['waiting']} thin events are still without their object")


def stories_of(way: Way, seed: int, days: int) -> list[Story]:
    """The stories of a way: in the days of the outage and before, or long ago."""
    if way is Way.OUTAGE:
        span = (days + 3) * _DAY_SECONDS
        start, spacing = int(time.time()) - span, span // len(STORIES)
        return list(histories(seed, len(STORIES), start=start, spacing=spacing, keeps_states=True))
    # In the version of the API's answers: what the stories say is what these show.
    stories = histories(seed, api_versions=API_VERSIONS[-1:], keeps_states=True)
    return list(_first(len(STORIES), stories))


def _first(count: int, stories: Iterator[Story]) -> Iterator[Story]:
    for story in stories:
        if not any(event["type"] in TOLD_BY_TYPE for event in story.events):
            yield story
            count -= 1
        if not count:
            return


def _is_deleted(row: Row) -> bool:
    return bool(row.get("deleted")) or row.get("status") == "deleted"
