"""How rules are declared: which postings a state of an object stands for, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from projections.journal.entry import Line
from projections.journal.known import Known
from projections.objects.state import State

__all__ = ["Amounts", "Case", "Facts", "Leg", "Rule", "credit", "debit", "nothing"]

# Amounts by currency.
Amounts = Mapping[str, int]

# Of an amount of which nobody said in what: ISO 4217's code for no currency.
_NO_CURRENCY = "xxx"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule decides by: the state of its object after an event, and what is known of others.

    ``second`` is the event's; None after the last event, when all that is known counts.
    """

    state: State
    known: Known
    second: int | None = None

    @property
    def id(self) -> str:
        """The object's id."""
        return self.state.id

    @property
    def status(self) -> str | None:
        """The object's status."""
        status: str | None = self.state.values.get("status")
        return status

    @property
    def currency(self) -> str:
        """The object's currency."""
        return self.state.values.get("currency") or _NO_CURRENCY

    def amount(self, name: str = "amount") -> int:
        """One of the object's amounts; 0 where it has none."""
        return self.state.values.get(name) or 0

    def has_come(self, state: State) -> bool:
        """Whether another object was there when the event was."""
        return self.second is None or (state.values.get("created") or 0) <= self.second


@dataclass(frozen=True)
class Leg:
    """One side of what is posted: on which account, how much, and whose money it is.

    ``shown`` is the account as people read it in a table, ``side`` 1 for a debit and -1 for a
    credit; a negative amount is on the other side.
    """

    shown: str
    account: Callable[[Facts], str]
    side: int
    amounts: Callable[[Facts], Amounts]

    def lines(self, facts: Facts) -> Iterator[Line]:
        """The lines for some facts."""
        for currency, amount in self.amounts(facts).items():
            yield Line(self.account(facts), facts.id, self.side * amount, currency)


@dataclass(frozen=True)
class Case:
    """What is posted in one case: ``guard`` says in words when that is, ``holds`` in code.

    ``lines`` is given where the postings are no fixed legs.
    """

    guard: str
    holds: Callable[[Facts], bool]
    legs: tuple[Leg, ...] = ()
    lines: Callable[[Facts], Iterable[Line]] | None = None


@dataclass(frozen=True)
class Rule:
    """The target postings of one object: those of the first case that holds, else none.

    ``facts`` names the objects whose facts it asks for. ``is_dated_by_object``: what it posts is
    always dated by the object's own time, whichever event showed it. ``classify`` gives the
    category and the balance type of a state, where the object alone does not say them.
    """

    object: str
    about: str
    cases: tuple[Case, ...]
    facts: tuple[str, ...] = ()
    is_dated_by_object: bool = False
    classify: Callable[[State], tuple[str, str | None]] | None = None

    def category(self, state: State) -> str:
        """What it counts as in summaries."""
        return self.classify(state)[0] if self.classify is not None else self.object

    def balance_type(self, state: State) -> str | None:
        """The type of the balance that it moves, where it moves one that says so."""
        return self.classify(state)[1] if self.classify is not None else None

    def target(self, facts: Facts) -> dict[tuple[str, str, str], int]:
        """What a state puts on the accounts: amounts by account, object and currency."""
        total: dict[tuple[str, str, str], int] = {}
        for line in self._lines(facts):
            place = (line.ledger_account, line.object_id, line.currency)
            total[place] = total.get(place, 0) + line.amount
        return total

    def _lines(self, facts: Facts) -> Iterator[Line]:
        for case in self.cases:
            if case.holds(facts):
                for leg in case.legs:
                    yield from leg.lines(facts)
                if case.lines is not None:
                    yield from case.lines(facts)
                return


def debit(
    account: str | Callable[[Facts], str],
    amounts: Callable[[Facts], int | Amounts],
    shown: str | None = None,
) -> Leg:
    """A debit leg; an amount without a currency is in the object's."""
    return _leg(account, 1, amounts, shown)


def credit(
    account: str | Callable[[Facts], str],
    amounts: Callable[[Facts], int | Amounts],
    shown: str | None = None,
) -> Leg:
    """A credit leg, likewise."""
    return _leg(account, -1, amounts, shown)


def nothing(guard: str, holds: Callable[[Facts], bool]) -> Case:
    """A case in which nothing is posted, named so that the table says it."""
    return Case(guard, holds)


def _leg(
    account: str | Callable[[Facts], str],
    side: int,
    amounts: Callable[[Facts], int | Amounts],
    shown: str | None,
) -> Leg:
    def by_currency(facts: Facts) -> Amounts:
        amount = amounts(facts)
        return {facts.currency: amount} if isinstance(amount, int) else amount

    if isinstance(account, str):
        name = account
        return Leg(shown or name, lambda _: name, side, by_currency)
    return Leg(shown or "…", account, side, by_currency)
