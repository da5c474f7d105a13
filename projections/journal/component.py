"""One component of linked objects while events become known: what its objects have posted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from projections.journal.entry import Book, Line, Posting, PostingKey
from projections.journal.history import MoneyHistory, Step
from projections.journal.known import Known
from projections.journal.rule import Facts, Rule
from projections.journal.rules import RULES
from projections.objects.observation import Key, Observation, Scope

__all__ = ["Component"]

# The objects whose facts some rule asks for.
_ASKED_FOR = frozenset(name for rule in RULES.values() for name in rule.facts)

Target = Mapping[tuple[str, str, str], int]


@dataclass
class _Posted:
    """What one object posted, step by step, under the facts of others in some version."""

    version: int
    targets: list[Target]
    postings: dict[PostingKey, Posting]


@dataclass
class Component:
    """Objects of one account and mode that are linked, and their postings as far as is known.

    ``version`` counts how often facts changed that other objects' rules may ask for.
    """

    scope: Scope
    _histories: dict[Key, MoneyHistory] = field(default_factory=dict)
    _posted: dict[Key, _Posted] = field(default_factory=dict)
    _same: dict[Key, int] = field(default_factory=dict)
    _version: int = 0

    def add(self, observations: Iterable[Observation]) -> None:
        """Add what is observed of its objects."""
        for observation in observations:
            key = observation.key
            history = self._histories.get(key)
            if history is None:
                history = self._histories[key] = MoneyHistory(key)
            count, before = len(history.steps), history.steps[-1] if history.steps else None
            same = history.add(observation)
            self._same[key] = min(same, self._same.get(key, same))
            is_newest = same == count
            if key.object in _ASKED_FOR and not (
                is_newest and _tells_alike(before, history.steps[-1])
            ):
                self._version += 1

    def renew(self) -> Iterator[tuple[dict[PostingKey, Posting], dict[PostingKey, Posting]]]:
        """Work out anew what may have changed: of each such object, its postings before and now."""
        known = Known({key: history.steps for key, history in self._histories.items()})
        for key, history in self._histories.items():
            rule = RULES.get(key.object)
            if rule is None:
                continue
            posted = self._posted.get(key)
            is_current = posted is not None and posted.version == self._version
            if is_current and key not in self._same:
                continue
            # What an event posted stays while neither its object nor what is known of others does;
            # the last step is decided by all that is known.
            same = min(self._same.get(key, 0), len(history.steps)) if is_current else 0
            targets = list(posted.targets[: max(0, same - 1)]) if posted is not None else []
            after = _work_out(key, rule, history.steps, known, targets)
            self._posted[key] = _Posted(self._version, targets, after)
            yield (posted.postings if posted is not None else {}), after
        self._same.clear()


def _tells_alike(before: Step | None, after: Step) -> bool:
    """Whether an object tells others the same before and after an event."""
    if before is None:
        return False
    left, right = before.state, after.state
    return (
        _money(left.values) == _money(right.values)
        and left.links == right.links
        and left.is_known == right.is_known
        and left.first_known == right.first_known
    )


def _money(values: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in values.items() if name != "metadata"}


def _work_out(
    key: Key, rule: Rule, steps: Sequence[Step], known: Known, targets: list[Target]
) -> dict[PostingKey, Posting]:
    """The postings of one object; ``targets`` has what is right already, and is completed."""
    book = Book(key.scope.account, bool(key.scope.livemode))
    for index in range(len(targets), len(steps)):
        step = steps[index]
        second = step.second if index < len(steps) - 1 else None
        state = step.state
        targets.append(rule.target(Facts(state, known, second)) if state.is_known else {})
    postings: dict[PostingKey, Posting] = {}
    before: Target = {}
    for index, (step, target) in enumerate(zip(steps, targets, strict=True)):
        lines = _difference(before, target)
        if lines:
            is_first = not any(each.state.is_known for each in steps[:index])
            posting = _posting(book, key, rule, step, is_first, lines)
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
    if before == after:
        return ()
    changes = {place: after.get(place, 0) - before.get(place, 0) for place in {*before, *after}}
    lines = [
        Line(account, object_id, amount, currency)
        for (account, object_id, currency), amount in changes.items()
        if amount
    ]
    return tuple(sorted(lines, key=lambda line: (line.amount < 0, line)))
