"""What is read of one Stripe object, declared once; and how its snapshots are ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from projections.objects.paths import reader
from projections.objects.types import Type

__all__ = [
    "Convert",
    "Embed",
    "Fallback",
    "Link",
    "MergedList",
    "Read",
    "Referenced",
    "StripeObject",
]

Convert = Callable[[Any], Any]
Shows = Callable[[Mapping[str, Any], str], bool]
Fallback = Callable[[Mapping[str, Any]], Any]
IsSettled = Callable[[Mapping[str, Any]], bool]
FromEventType = Callable[[dict[str, Any], str, int], None]


@dataclass(frozen=True)
class Read:
    """A value that the fold keeps of an object's newest snapshot.

    ``paths`` are where it stands, newest API version first; ``convert`` bends a raw value that
    is not null before it is checked (a renamed status, a list's least item); ``older`` works it
    out of a snapshot that has none of the paths, or null there.
    """

    name: str
    type: Type
    paths: tuple[str, ...]
    convert: Convert | None = None
    fallback: Fallback | None = None
    items: tuple[Read, ...] | None = None

    @cached_property
    def find(self) -> Callable[[Mapping[str, Any]], Any]:
        """Finds the raw value in a snapshot."""
        return reader(self.paths)


@dataclass(frozen=True)
class Link:
    """Ids of other objects that a snapshot names; once told, a link stays.

    ``envelope``: the id is the event's account, for the snapshot does not name it.
    """

    to: str
    paths: tuple[str, ...] = ()
    prefix: str = ""
    envelope: bool = False


@dataclass(frozen=True)
class Embed:
    """A list inside a snapshot whose items are snapshots of another object."""

    object: str
    path: str


@dataclass(frozen=True)
class MergedList:
    """A list inside a snapshot whose items are kept by id from every snapshot that has them."""

    path: str
    reads: tuple[Read, ...]


@dataclass(frozen=True, eq=False)
class StripeObject:
    """One of Stripe's objects: what is read of it and how its snapshots are put in order.

    ``absorbing`` are the statuses that nothing but another of them follows; ``settles`` tells
    snapshots that not even those follow. ``types`` and ``statuses`` rank from low to high within
    one second (alternatives split by ``|``); ``once`` are facts set to the earliest second that
    shows them; ``unites`` are lists whose items are kept by id from every snapshot; ``adjust``
    adds what only a type says; events of a type in ``ignores`` tell nothing of it.

    An object is declared once, and one event tells the same of it to every kind.
    """

    name: str
    reads: tuple[Read, ...] = ()
    terminal: frozenset[str] = frozenset()
    is_settled: IsSettled | None = None
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    embeds: tuple[Embed, ...] = ()
    first_seen: Mapping[str, Shows] = field(default_factory=dict)
    merged_lists: Mapping[str, MergedList] = field(default_factory=dict)
    from_event_type: FromEventType | None = None
    ignores: frozenset[str] = frozenset()

    @cached_property
    def all_reads(self) -> tuple[Read, ...]:
        """Its reads, and the two that every object has."""
        named = {read.name for read in self.reads}
        return (*(read for read in _EVERY if read.name not in named), *self.reads)

    @cached_property
    def type_ranks(self) -> Mapping[str, int]:
        """Rank of each last word of an event type."""
        return _ranks(self.types)

    @cached_property
    def status_ranks(self) -> Mapping[str, int]:
        """Rank of each status."""
        return _ranks(self.statuses)

    def referenced(self, *names: str) -> Referenced:
        """The object where nothing but its links, its age and the named reads are asked for."""
        return Referenced(self, frozenset({"created", *names}))


@dataclass(frozen=True)
class Referenced:
    """An object that has no row of its own in a kind: what it lends to those that have."""

    thing: StripeObject
    reads: frozenset[str]


_EVERY = (
    Read("created", Type.TIME, ("created",)),
    Read("metadata", Type.OBJECT, ("metadata",)),
)


def _ranks(groups: Iterable[str]) -> Mapping[str, int]:
    return {name: rank for rank, group in enumerate(groups) for name in group.split("|")}
