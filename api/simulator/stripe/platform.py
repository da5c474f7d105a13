"""What our own Stripe holds: events and objects of the own account and of the connected ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace

from api.simulator.shapes import Json
from api.simulator.states import State
from api.simulator.story import Story
from api.simulator.world import Account, Movement

__all__ = ["Platform", "Scope"]

RETENTION_SECONDS = 30 * 86_400
"""How long Stripe's lists keep an event."""

_ACCESS_PREFIX = "account.application."


@dataclass(frozen=True, slots=True)
class Scope:
    """An account and a mode: nothing of two scopes ever meets. None is the platform's own."""

    account: str | None
    livemode: bool


@dataclass(slots=True)
class _Holdings:
    """What one scope has, in the order in which it was added."""

    events: list[Json] = field(default_factory=list)
    states: dict[tuple[type, str], list[State]] = field(default_factory=dict)
    movements: list[Movement] = field(default_factory=list)


class Platform:
    """The world behind the API, as it is at the clock's second (Unix seconds).

    Events are listed for 30 days; objects are as they stood at the last event up to now.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.id = "acct_1SimulatedPlatf"
        self._holdings: defaultdict[Scope, _Holdings] = defaultdict(_Holdings)

    def add(self, stories: Iterable[Story]) -> None:
        """Add what happens in some stories, the future included."""
        for story in stories:
            for event in story.events:
                account = event.get("account") or event.get("context")
                self._holdings[Scope(account, event["livemode"])].events.append(event)
            for state in story.states:
                holdings = self._holdings[Scope(state.account, state.livemode)]
                key = (type(state.world_object), state.world_object.id)
                holdings.states.setdefault(key, []).append(state)
            for movement in story.movements:
                scope = Scope(movement.account, movement.livemode)
                self._holdings[scope].movements.append(movement)
        for holdings in self._holdings.values():
            # Stable: of one second, what happened last comes first.
            holdings.events.sort(key=lambda event: event["created"])
            holdings.movements.sort(key=lambda movement: movement.transaction.created)

    def events(self, scope: Scope) -> list[Json]:
        """The events that Stripe lists now, newest first, as they are listed with a header."""
        until = int(self.clock())
        since = until - RETENTION_SECONDS
        events = self._holdings[scope].events if scope in self._holdings else []
        return [
            # The account that the request names, an event need not repeat.
            {**_without(event, "account", "context"), "pending_webhooks": 0}
            for event in reversed(events)
            if since <= event["created"] <= until
        ]

    def states(self, scope: Scope, kind: type) -> list[State]:
        """The objects of a kind as they stand now, oldest first; deleted ones too."""
        if scope not in self._holdings:
            return []
        until = self.clock()
        histories = (
            history
            for (kind_of_state, _), history in self._holdings[scope].states.items()
            if kind_of_state is kind
        )
        return [state for history in histories for state in _newest(history, until)]

    def objects(self, scope: Scope, ids: Container[str]) -> list[State]:
        """The objects with some ids as they stand now, of whatever kind."""
        until = self.clock()
        states = self._holdings[scope].states if scope in self._holdings else {}
        return [
            state
            for (_, id), history in states.items()
            if id in ids
            for state in _newest(history, until)
        ]

    def movements(self, scope: Scope) -> list[Movement]:
        """What has moved the balance up to now, newest first."""
        until = self.clock()
        movements = self._holdings[scope].movements if scope in self._holdings else []
        return [each for each in reversed(movements) if each.transaction.created <= until]

    def accounts(self, livemode: bool) -> list[Account]:
        """The connected accounts; of those without an event of their own, only that they are."""
        accounts = []
        for scope, holdings in self._holdings.items():
            if scope.account is None or not self.is_accessible(scope):
                continue
            states = self.states(scope, Account)
            began = min(event["created"] for event in holdings.events)
            if scope.livemode is livemode and began <= self.clock():
                known = states[-1].world_object if states else None
                accounts.append(
                    known
                    if isinstance(known, Account)
                    else Account(scope.account, began, "IE", "eur", "owner@shop.example.com")
                )
        return accounts

    def own_account(self, scope: Scope) -> Json:
        """The account that a key, or a header, is of; it is as old as its oldest event."""
        events = self._holdings[scope].events if scope in self._holdings else []
        created = min((event["created"] for event in events), default=int(self.clock()))
        id = scope.account or self.id
        return {"id": id, "object": "account", "created": created, "livemode": scope.livemode}

    def is_accessible(self, scope: Scope) -> bool:
        """Whether an account is connected: its last word about access is that it is given."""
        if scope.account is None:
            return True
        if scope not in self._holdings:
            return False
        until = self.clock()
        access = [
            event["type"]
            for event in self._holdings[scope].events
            if event["type"].startswith(_ACCESS_PREFIX) and event["created"] <= until
        ]
        return not access or access[-1].endswith(".authorized")


def _newest(history: Iterable[State], until: float) -> list[State]:
    """The last state up to a time, if there was any by then."""
    past = [state for state in history if state.time <= until]
    if not past:
        return []
    # Of one second the last counts; stories move one after the other.
    _, newest = max(enumerate(past), key=lambda pair: (pair[1].time, pair[0]))
    # What is deleted is shown by others still, as a coupon by its discounts, and stays deleted.
    return [replace(newest, is_deleted=any(state.is_deleted for state in past))]


def _without(event: Json, *names: str) -> Json:
    return {name: value for name, value in event.items() if name not in names}
