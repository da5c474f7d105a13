"""One component of linked objects while events become known: what its objects have posted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from projections.journal.entry import Book, Line, Posting, PostingKey
from projections.journal.history import Inserted, MoneyHistory, Step
from projections.journal.known import Known
from projections.journal.rule import Facts, Rule
from projections.journal.rules import RULES
from projections.objects.observation import Key, Observation
from projections.objects.state import State

__all__ = ["Component"]

# The objects whose facts some rule asks for.
_ASKED_FOR = frozenset(name for rule in RULES.values() for name in rule.facts)

Target = Mapping[tuple[str, str, str], int]
Postings = dict[PostingKey, Posting]


@dataclass
class _Money:
    """One object: its history, what each step stands for, and what was posted of it last.

    Of ``targets`` those are None that have to be worked out anew; ``version`` is that of the facts
    of others under which they were worked out.
    """

    history: MoneyHistory
    targets: list[Target | None] = field(default_factory=list)
    postings: Postings = field(default_factory=dict)
    version: int = -1
    is_touched: bool = False

    def add(self, observation: Observation) -> bool:
        """Add an observation; whether it tells others anything new."""
        inserted = self.history.add(observation)
        if self.targets:
            # The last step is decided by all that is known: it may not be the last any more.
            self.targets[-1] = None
        self.targets[inserted.start : inserted.start + len(inserted.old)] = [None] * (
            inserted.stop - inserted.start
        )
        self.is_touched = True
        return not self._tells_alike(inserted)

    def _tells_alike(self, inserted: Inserted) -> bool:
        """Whether all around an observation the object tells the same as right before it."""
        if not inserted.start:
            return False
        steps = self.history.steps
        before = steps[inserted.start - 1].state
        around = (*steps[inserted.start : inserted.stop], *inserted.old)
        return all(_tell_alike(before, step.state) for step in around)

    def work_out(self, key: Key, rule: Rule, known: Known, version: int) -> None:
        """Work out what is posted, where it may have changed."""
        steps = self.history.steps
        if version != self.version:
            self.targets = [None] * len(steps)
        for index, target in enumerate(self.targets):
            if target is None:
                step = steps[index]
                second = step.second if index < len(steps) - 1 else None
                facts = Facts(step.state, known, second)
                self.targets[index] = rule.target(facts) if step.state.is_known else {}
        self.postings = _postings(key, rule, steps, self.targets)
        self.version, self.is_touched = version, False


@dataclass
class Component:
    """Objects of one account and mode that are linked, and their postings as far as is known.

    ``_version`` counts how often facts changed that the rules of others may ask for.
    """

    _objects: dict[Key, _Money] = field(default_factory=dict)
    _version: int = 0

    def add(self, observations: Iterable[Observation]) -> None:
        """Add what is observed of its objects."""
        for observation in observations:
            key = observation.key
            money = self._objects.get(key)
            if money is None:
                money = self._objects[key] = _Money(MoneyHistory(key))
            if money.add(observation) and key.object in _ASKED_FOR:
                self._version += 1

    def renew(self) -> Iterator[tuple[Postings, Postings]]:
        """Work out what may have changed: of each such object, its postings before and after."""
        known = Known({key: money.history.steps for key, money in self._objects.items()})
        for key, money in self._objects.items():
            rule = RULES.get(key.object)
            if rule is not None and (money.is_touched or money.version != self._version):
                before = money.postings
                money.work_out(key, rule, known, self._version)
                yield before, money.postings


def _tell_alike(left: State, right: State) -> bool:
    """Whether an object tells others the same in two states."""
    return (
        _money(left.values) == _money(right.values)
        and left.links == right.links
        and left.is_known == right.is_known
        and left.first_known == right.first_known
    )


def _money(values: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in values.items() if name != "metadata"}


def _postings(
    key: Key, rule: Rule, steps: Sequence[Step], targets: Sequence[Target | None]
) -> Postings:
    """What each step changed of what the object stands for."""
    book = Book(key.scope.account, bool(key.scope.livemode))
    postings: Postings = {}
    before: Target = {}
    for index, target in enumerate(targets):
        assert target is not None
        if target != before:
            step = steps[index]
            is_first = not any(steps[earlier].state.is_known for earlier in range(index))
            posting = _posting(book, key, rule, step, is_first, _difference(before, target))
            if posting.lines:
                postings[posting.key] = posting
        before = target
    return postings


def _posting(
    book: Book, key: Key, rule: Rule, step: Step, is_first: bool, lines: tuple[Line, ...]
) -> Posting:
    values, observation = step.state.values, step.observation
    date = observation.created
    if rule.is_dated_by_object or (is_first and observation.was_asked_for):
        # Stripe was asked some time later.
        date = values.get("created") or date
    return Posting(
        book, date, key.id, key.object, observation.event_id,
        rule.category(step.state), rule.balance_type(step.state), lines,
    )  # fmt: skip


def _difference(before: Target, after: Target) -> tuple[Line, ...]:
    """What changed between two targets: debits first."""
    changes = {place: after.get(place, 0) - before.get(place, 0) for place in {*before, *after}}
    lines = [
        Line(account, object_id, amount, currency)
        for (account, object_id, currency), amount in changes.items()
        if amount
    ]
    return tuple(sorted(lines, key=lambda line: (line.amount < 0, line)))
