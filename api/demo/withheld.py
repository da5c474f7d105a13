"""What the demo withholds of its stories, and what may be compared afterwards."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from api.demo.untold import (
    LOSS_OF_ACCESS,
    asked_truth,
    is_comparable,
    without_untold,
)
from api.simulator import API_VERSIONS, Json, Row, Story, Truth, histories
from api.simulator.stripe import Key, Scope, Stripe
from api.simulator.thin import thin

__all__ = ["Way", "Withheld"]

_DAY_SECONDS = 86_400
# Younger events are left to their webhooks.
_WEBHOOK_SECONDS = 310
# So long before an outage the first stories begin.
_DAYS_BEFORE = 3
# So long ago begin the stories that are over: the longest takes more than a year.
_LONG_AGO_SECONDS = 900 * _DAY_SECONDS
# Requests a second that the simulated Stripe answers; the ledger stays far below, as at Stripe's.
_RATE_MAX = 1000


class Way(StrEnum):
    """In which way events of the test mode do not come by the endpoint."""

    OUTAGE = "outage"
    THIN = "thin"
    HISTORY = "history"


_NOTE = (
    "Not compared, as no object shows it: when money came or went, how old a row is by its events,"
    " discounts, and stories whose end only an event's type tells."
)


@dataclass(frozen=True)
class Withheld:
    """Stories of which the endpoint is not sent all, and the simulated Stripe that tells the rest.

    It is ``present`` (Unix seconds) there, as long as the demo takes.
    """

    way: Way
    days: int
    present: int
    stories: list[Story]
    stripe: Stripe
    key: Key

    @classmethod
    def of(cls, way: Way, seed: int, count: int, days: int = 0) -> Withheld:
        """So many stories of a seed: in the ``days`` of an outage and before, or long ago."""
        present = int(time.time())
        if way is Way.OUTAGE:
            stories = _around(seed, count, days, present)
        else:
            stories = _over(seed, count, present)
        key = Key(f"sk_test_{secrets.token_hex(24)}")
        stripe = Stripe(stories, [key], clock=lambda: present, rate_max=_RATE_MAX)
        return cls(way, days, present, stories, stripe, key)

    @contextmanager
    def settings(self) -> Iterator[dict[str, str]]:
        """Serve that Stripe for a block; gives the settings of a ledger that asks it."""
        with self.stripe.serving() as base:
            yield {
                "STRIPE_API_KEY": self.key.secret,
                "STRIPE_API_BASE": base,
                "LEDGER_STRIPE_RATE": str(_RATE_MAX // 10),
                # Thin events are followed by a process that sweeps too, once; else commands ask.
                "LEDGER_SWEEP_MINUTES": "1440" if self.way is Way.THIN else "0",
            }

    @property
    def shows_all(self) -> bool:
        """Whether nothing is lost by it: rows and notifications are as if all had been sent."""
        return self.way is Way.OUTAGE

    def delivered(self, story: Story) -> Iterator[Json]:
        """What the endpoint is sent of a story."""
        return (sent for event in story.events if (sent := self._sent(event)) is not None)

    def _sent(self, event: Json) -> Json | None:
        """What is sent in the place of an event: nothing, or another one."""
        if event["livemode"]:
            return event
        match self.way:
            case Way.OUTAGE:
                age = self.present - event["created"]
                return None if _WEBHOOK_SECONDS < age <= self.days * _DAY_SECONDS else event
            case Way.THIN:
                return thin(event) or event
            case Way.HISTORY:
                return None

    def comparable(
        self, truth: Truth, rows: Mapping[str, Mapping[str, Row]]
    ) -> tuple[Truth, Mapping[str, Mapping[str, Row]]]:
        """The truth and the rows without what nobody can know who asks only afterwards."""
        if self.shows_all:
            return self._known(truth), self._known(rows)
        expected = asked_truth(truth, has_deleted=self.way is Way.THIN)
        return expected, without_untold(rows)

    def left_out(self) -> list[str]:
        """What is not compared, and why; nothing where everything is."""
        if not self.shows_all:
            return [_NOTE]
        return [
            f"Not compared: {account}. Only an event of the type {LOSS_OF_ACCESS} tells that it"
            " took its access away; then Stripe cannot be asked for its events any more."
            for account in sorted(map(str, self._lost_accounts))
        ]

    def is_known(self, row: Mapping[str, Any]) -> bool:
        """Whether Stripe can be asked for all that was withheld of a row's account."""
        return bool(row["livemode"]) or row["account"] not in self._lost_accounts

    def known_stories(self) -> list[Story]:
        """The stories but those of accounts of which something is lost."""
        return [
            story
            for story in self.stories
            if all(self.is_known({**event, "account": _account_of(event)})
                   for event in story.events)
        ]  # fmt: skip

    def _known(self, rows: Mapping[str, Mapping[str, Row]]) -> dict[str, dict[str, Row]]:
        return {
            kind: {id: row for id, row in of_kind.items() if self.is_known(row)}
            for kind, of_kind in rows.items()
        }

    @cached_property
    def _lost_accounts(self) -> frozenset[str | None]:
        withheld = {
            _account_of(event)
            for story in self.stories
            for event in story.events
            if self._sent(event) is None
        }
        platform = self.stripe.api.platform
        return frozenset(
            account for account in withheld if not platform.is_accessible(Scope(account, False))
        )


def _around(seed: int, count: int, days: int, present: int) -> list[Story]:
    """Stories that begin in some days, and shortly before."""
    span = (days + _DAYS_BEFORE) * _DAY_SECONDS
    start, spacing = present - span, span // count
    return list(histories(seed, count, start=start, spacing=spacing, keeps_states=True))


def _over(seed: int, count: int, present: int) -> list[Story]:
    """Stories that are over, and of which objects show what became of them."""
    stories = histories(
        seed,
        # In the version of the API's answers: what the stories say is what these show.
        api_versions=API_VERSIONS[-1:],
        start=present - _LONG_AGO_SECONDS,
        keeps_states=True,
    )
    return list(itertools.islice(filter(is_comparable, stories), count))


def _account_of(event: Json) -> str | None:
    account: str | None = event.get("account") or event.get("context")
    return account
