"""What is known of the objects of one component: the facts of others that a rule may ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

from projections.journal.history import Step
from projections.objects.observation import Key
from projections.objects.state import State
from projections.payments.money import captured, released

__all__ = ["PARTIAL_CAPTURE_REVERSAL", "Known", "went_to_a_bank"]

PARTIAL_CAPTURE_REVERSAL = "partial_capture_reversal"


def went_to_a_bank(transfer: State) -> bool:
    """Whether a transfer was a payout, as they were until 2017-04-06."""
    values = transfer.values
    if values.get("way") is not None:
        return bool(values["way"] != "stripe_account")
    is_account = str(values.get("destination") or "").startswith("acct_")
    return values.get("way_status") is not None and not is_account


class Known:
    """The objects of a component as all that is known shows them, in one account and mode.

    ``steps`` are their histories. Every question is answered through links that were observed, so
    that objects that nothing links are as if each were alone.
    """

    def __init__(self, steps: Mapping[Key, Sequence[Step]]) -> None:
        self._steps = steps
        self._captured: dict[str, int] = {}
        self._captures: dict[str, list[tuple[int, int]]] = {}

    @cached_property
    def _states(self) -> Mapping[tuple[str, str], State]:
        states = {(key.object, key.id): steps[-1].state for key, steps in self._steps.items()}
        return {name: state for name, state in states.items() if state.is_known}

    @cached_property
    def _by_source(self) -> Mapping[str, list[State]]:
        by_source = defaultdict(list)
        for state in self.all("balance_transaction"):
            by_source[state.values.get("source") or ""].append(state)
        return {source: sorted(states, key=_age) for source, states in by_source.items()}

    def get(self, object: str, id: str | None) -> State | None:
        """An object as it is known; None where nothing of it could be read."""
        return self._states.get((object, id)) if id is not None else None

    def all(self, object: str) -> Iterator[State]:
        """All objects of a name."""
        return (state for (name, _), state in self._states.items() if name == object)

    def transactions(self, source: str) -> Sequence[State]:
        """The balance transactions of a source, oldest first."""
        return self._by_source.get(source, ())

    def linked(self, state: State | None, object: str) -> str | None:
        """The id of an object that another one names; the least of several."""
        return min(state.links.get(object, ()), default=None) if state is not None else None

    def linking(self, object: str, to: str, id: str) -> list[State]:
        """The objects of a name that name another one, oldest first."""
        return sorted(
            (state for state in self.all(object) if id in state.links.get(to, ())), key=_age
        )

    def captured(self, charge: State) -> int:
        """What was captured of a charge, be it now or at another time; 0 unless it succeeded."""
        if charge.values.get("status") != "succeeded":
            return 0
        return captured(charge, self._intent(charge))

    def _intent(self, charge: State) -> State | None:
        """The PaymentIntent that knows what was captured of a charge in an older shape."""
        if charge.values.get("amount_captured") is not None:
            return None
        intent = self.get("payment_intent", self.linked(charge, "payment_intent"))
        if intent is None:
            intent = next(iter(self.linking("payment_intent", "charge", charge.id)), None)
        if intent is None:
            return None
        ids = {*intent.links.get("charge", ())}
        ids |= {each.id for each in self.linking("charge", "payment_intent", intent.id)}
        known = (self.get("charge", id) for id in ids)
        others = (each for each in known if each is not None and each.id != charge.id)
        is_only = all(each.values.get("status") != "succeeded" for each in others)
        return intent if is_only else None

    def captured_of(self, id: str) -> int:
        """What is captured of a charge by now."""
        if id not in self._captured:
            charge = self.get("charge", id)
            self._captured[id] = self.captured(charge) if charge is not None else 0
        return self._captured[id]

    def captures(self, charge: State) -> list[tuple[int, int]]:
        """When something was captured of a charge, and how much each time."""
        if charge.id not in self._captures:
            steps = self._steps[charge.key]
            totals = [(step.second, self.captured(step.state)) for step in steps]
            self._captures[charge.id] = [
                (second, total - before)
                for (_, before), (second, total) in pairwise([(0, 0), *totals])
                if total > before
            ]
        return self._captures[charge.id]

    def charge_of(self, refund: str) -> str | None:
        """The charge that a refund is of, whoever names it."""
        named = self.linked(self.get("refund", refund), "charge")
        if named is not None:
            return named
        linking = self.linking("charge", "refund", refund)
        if linking:
            return linking[0].id
        links = [self.linked(each, "charge") for each in self.transactions(refund)]
        return min((each for each in links if each is not None), default=None)

    def is_release(self, id: str) -> bool:
        """Whether a refund returned no money: it let go of what was never captured.

        Its own transaction tells; else the charge, by whether its capture counted the remainder.
        """
        categories = {each.values.get("reporting_category") for each in self.transactions(id)}
        if categories - {None}:
            return PARTIAL_CAPTURE_REVERSAL in categories
        charge = self.get("charge", self.charge_of(id))
        if charge is None:
            return False
        amount = self.captured_of(charge.id)
        if not amount:
            return True
        rest = released(charge, amount)
        return bool(rest) and self._released(charge, rest) == id

    def _released(self, charge: State, rest: int) -> str | None:
        """The refund that is the remainder: the oldest of its amount, made with the capture."""
        captures = self.captures(charge)
        second = captures[-1][0] if captures else None
        ids = {*charge.links.get("refund", ())}
        ids |= {each.id for each in self.linking("refund", "charge", charge.id)}
        named = (self.get("refund", id) for id in ids)
        refunds = [each for each in named if each is not None]
        return next(
            (
                refund.id
                for refund in sorted(refunds, key=_age)
                if refund.values.get("amount") == rest
                and (second is None or (refund.values.get("created") or 0) <= second)
            ),
            None,
        )


def _age(state: State) -> tuple[int, str]:
    return (state.values.get("created") or 0, state.id)
