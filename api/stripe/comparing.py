"""Comparing what rows are made of with what Stripe answers, while events keep arriving."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from api.stripe.client import StripeApi
from api.stripe.objects import ObjectList, fetch, kinds_of, names
from api.stripe.recording import record_each
from api.stripe.refusals import KeyRefused, NoSuchObject, StripeRefused, StripeUnreachable
from ledger import Ledger, Snapshot
from projections import EVERYTHING, Drift, Projections, StripeObject

__all__ = ["Compared", "Comparison"]

# So long an event may be in flight. What differs is asked for again after it, so often at most.
_IN_FLIGHT_SECONDS = 60
_ROUNDS = 5
# A follower that is running has read an event long before.
_FOLLOWER_SECONDS = 30.0

OnCount = Callable[[str, int], None]


@dataclass(slots=True)
class Compared:
    """What came of it: how many objects were asked for by name, differences, and refusals.

    ``recorded`` are the objects whose answer was recorded because of a difference.
    """

    objects: Counter[str] = field(default_factory=Counter)
    drifts: list[Drift] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    recorded: int = 0


@dataclass(frozen=True, slots=True)
class _Suspect:
    """An object that differs, and in what, by an answer of a while ago."""

    declared: StripeObject
    id: str
    account: str | None
    asked_at: float
    drifts: tuple[Drift, ...]
    snapshot: Snapshot | None

    def confirms(self, before: _Suspect) -> bool:
        """Whether it differs just as it did: no event that is in flight explains that."""
        return _answered(self) == _answered(before)


class Comparison:
    """Asks for objects and compares; with ``records`` it mends what differs.

    Raises ``StripeUnreachable``, ``KeyRefused``, and ``NotReady`` where rows lag behind the log.
    """

    def __init__(
        self,
        api: StripeApi,
        ledger: Ledger,
        projections: Projections,
        *,
        records: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._api, self._ledger, self._projections = api, ledger, projections
        self._records, self._clock, self._sleep = records, clock, sleep

    def of_lists(
        self,
        accounts: Iterable[str | None],
        lists: Sequence[ObjectList],
        since: int = 0,
        on_count: OnCount | None = None,
    ) -> Compared:
        """Compare what lists have, down to what was created at ``since``."""
        compared, suspects = Compared(), list[_Suspect]()
        for account in accounts:
            for listed in lists:
                if account is not None and listed.is_of_platform:
                    continue
                for snapshots in self._pages(compared, listed, account, since):
                    suspects += self._suspects(compared, listed.declared, snapshots)
                    if on_count is not None:
                        on_count(listed.name, compared.objects[listed.declared.name])
        return self._settled(compared, suspects)

    def of_sample(
        self, kinds: Sequence[str], count: int, accounts: Sequence[str | None]
    ) -> Compared:
        """Compare so many objects of each name, chosen at random from those that are known."""
        compared, suspects = Compared(), list[_Suspect]()
        for name, declared in names(kinds).items():
            if declared.listing is None:
                continue
            for id, account in self._projections.sample(name, count, self._api.livemode):
                if account not in accounts:
                    continue
                compared.objects[name] += 1
                suspect = self._fetched(compared, declared, id, account)
                suspects += [] if suspect is None else [suspect]
        return self._settled(compared, suspects)

    def _pages(
        self, compared: Compared, listed: ObjectList, account: str | None, since: int
    ) -> Iterator[list[Snapshot]]:
        params = {"created": {"gte": since}} if since else {}
        cursor: dict[str, str] = {}
        while True:
            try:
                page = listed.page(self._api, account, {**params, **cursor})
            except (StripeUnreachable, KeyRefused):
                raise
            except StripeRefused as refused:
                compared.refused.append(f"{account or 'own'} {listed.name}: {refused}")
                return
            compared.objects[listed.declared.name] += len(page.snapshots)
            yield page.snapshots
            if not page.has_more or page.cursor is None:
                return
            cursor = {"starting_after": page.cursor}

    def _suspects(
        self, compared: Compared, declared: StripeObject, snapshots: Sequence[Snapshot]
    ) -> Iterator[_Suspect]:
        """What differs of a page and may be explained by an event in flight; the rest is told."""
        asked_at = self._clock()
        for snapshot, drifts in zip(snapshots, self._projections.drift(snapshots), strict=True):
            if not drifts:
                continue
            first = drifts[0]
            suspect = _Suspect(declared, first.id, first.account, asked_at, tuple(drifts), snapshot)
            if first.field == EVERYTHING and _is_older(snapshot):
                # It was made long ago, and no event ever came.
                self._tell(compared, [suspect])
            else:
                yield suspect

    def _settled(self, compared: Compared, suspects: list[_Suspect]) -> Compared:
        """Ask again for what differs, once no event that was in flight then can be so still."""
        confirmed = []
        for left in reversed(range(_ROUNDS)):
            again = []
            for suspect in suspects:
                self._sleep(max(0.0, suspect.asked_at + _IN_FLIGHT_SECONDS - self._clock()))
                present = self._fetched(compared, suspect.declared, suspect.id, suspect.account)
                if present is None:
                    continue
                if present.confirms(suspect) or not left:
                    confirmed.append(present)
                else:
                    again.append(present)
            suspects = again
        # Afterwards: a record would have the next comparison wait for rows.
        self._tell(compared, confirmed)
        return compared

    def _fetched(
        self, compared: Compared, declared: StripeObject, id: str, account: str | None
    ) -> _Suspect | None:
        """Ask for one object; None where it does not differ, or Stripe refuses."""
        asked_at = self._clock()
        snapshot: Snapshot | None = None
        try:
            snapshot = fetch(self._api, declared, id, account)
        except NoSuchObject:
            drifts = self._of_missing(declared, id, account)
        except (StripeUnreachable, KeyRefused):
            raise
        except StripeRefused as refused:
            compared.refused.append(f"{account or 'own'} {id}: {refused}")
            return None
        if snapshot is not None:
            self._wait_for_rows(declared)
            [drifts] = self._projections.drift([snapshot])
        if not drifts:
            return None
        return _Suspect(declared, id, account, asked_at, tuple(drifts), snapshot)

    def _of_missing(self, declared: StripeObject, id: str, account: str | None) -> list[Drift]:
        """The difference of an object that Stripe does not have, unless we say it is deleted."""
        document = {"id": id, "object": declared.name}
        raw = json.dumps({**document, "deleted": True}).encode()
        answer = Snapshot(raw, 0, None, account, self._api.livemode)
        return self._projections.drift([answer])[0]

    def _wait_for_rows(self, declared: StripeObject) -> None:
        """Wait until rows show all that the log had when Stripe answered."""
        [kind, *_] = kinds_of(declared)
        head = self._ledger.log.head().position
        self._projections.wait_for(kind, head, seconds=_FOLLOWER_SECONDS)

    def _tell(self, compared: Compared, suspects: Iterable[_Suspect]) -> None:
        for suspect in suspects:
            compared.drifts += suspect.drifts
            if self._records and suspect.snapshot is not None:
                # Also where the newest entry shows just this: the row is wrong all the same.
                recorded, unreadable = record_each(self._ledger, [suspect.snapshot], repeat=True)
                compared.recorded += recorded
                compared.refused += unreadable


def _is_older(snapshot: Snapshot) -> bool:
    """Whether an object was made before any event that may still be in flight."""
    created = json.loads(snapshot.object).get("created")
    return isinstance(created, int) and created < snapshot.observed_at - _IN_FLIGHT_SECONDS


def _answered(suspect: _Suspect) -> dict[str, str]:
    return {drift.field: repr(drift.answered) for drift in suspect.drifts}
