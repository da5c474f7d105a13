"""Families: kinds whose rows are drawn from one store of states, derived from what they read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from projections.objects.declaration import StripeObject
from projections.rows.fingerprint import describe
from projections.rows.kind import FOLD_VERSION, Kind

__all__ = ["Family", "families", "in_families"]


@dataclass(frozen=True, eq=False)
class Family:
    """Kinds that share a store: the first one reads every object that any of them reads."""

    kinds: tuple[Kind, ...]

    @property
    def name(self) -> str:
        """The name of its first kind."""
        return self.kinds[0].name

    @property
    def objects(self) -> Mapping[str, StripeObject]:
        """All Stripe objects that its kinds read, by name."""
        return self.kinds[0].objects

    @cached_property
    def referenced_reads(self) -> Mapping[str, tuple[str, ...]]:
        """The reads that are stored of objects that no kind has as a member, by name."""
        members = {name for kind in self.kinds for name in kind.member_names}
        reads: dict[str, set[str]] = {}
        for kind in self.kinds:
            for name, named in kind.referenced_reads.items():
                if name not in members:
                    reads.setdefault(name, set()).update(named)
        return {name: tuple(sorted(named)) for name, named in sorted(reads.items())}

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change with what is stored: the objects, and the fold."""
        stored = (FOLD_VERSION, self.objects, self.referenced_reads)
        return hashlib.sha256(describe(stored).encode()).hexdigest()[:12]


def families(kinds: Iterable[Kind]) -> list[Family]:
    """The families of some kinds, in the order of their names.

    A kind belongs to the one that reads all objects that it reads, and joins some of them as it
    does; where there are several, to the smallest. Invoices stay by themselves: orders only look
    at them, and keep little of what they say.
    """
    members: dict[str, list[Kind]] = {}
    heads: list[Kind] = []
    for kind in sorted(kinds, key=lambda kind: (-len(kind.objects), kind.name)):
        around = [head for head in heads if _contains(head, kind)]
        if around:
            head = min(around, key=lambda head: (len(head.objects), head.name))
            members[head.name].append(kind)
        else:
            heads.append(kind)
            members[kind.name] = [kind]
    return [Family(tuple(members[name])) for name in sorted(members)]


def in_families(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """Kinds that know what their rows are drawn from, so that their fingerprints tell."""
    stores = {
        kind.name: family.fingerprint for family in families(kinds.values())
        for kind in family.kinds
    }  # fmt: skip
    return {
        name: kind if kind.store == stores[name] else replace(kind, store=stores[name])
        for name, kind in kinds.items()
    }


def _contains(head: Kind, kind: Kind) -> bool:
    """Whether a kind's rows can be drawn from what another one's store has."""
    return not head.joins.isdisjoint(kind.joins) and all(
        head.objects.get(name) is declared for name, declared in kind.objects.items()
    )
