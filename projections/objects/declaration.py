"""What is read of one Stripe object, declared once; and how its snapshots are ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from projections.objects.paths import reader
from projections.objects.types import Type

__all__ = [
    "Convert",
    "Embed",
    "Fallback",
    "Link",
    "Listing",
    "Measure",
    "MergedList",
    "Read",
    "Referenced",
    "Shows",
    "StripeObject",
]

Convert = Callable[[Any], Any]
Fallback = Callable[[Mapping[str, Any]], Any]
Shows = Callable[[Mapping[str, Any], str], bool]
IsSettled = Callable[[Mapping[str, Any]], bool]
Decide = Callable[[Any], Any]
FromEventType = Callable[[dict[str, Any], str, int], None]


@dataclass(frozen=True)
class Read:
    """A value that the fold keeps of an object's newest snapshot.

    ``paths`` are where it stands, newest API version first. ``convert`` changes a raw value that
    is not null before its type is checked (a renamed status, the earliest of a list). ``fallback``
    computes it from a snapshot that has none of the paths, or null there. ``items`` are the reads
    of each object of a list. ``personal``: it says who somebody is or where to reach them.
    ``is_nested``: the values of an object are no mere texts.
    """

    name: str
    type: Type
    paths: tuple[str, ...]
    convert: Convert | None = None
    fallback: Fallback | None = None
    items: tuple[Read, ...] | None = None
    personal: bool = False
    is_nested: bool = False

    @cached_property
    def find(self) -> Callable[[Mapping[str, Any]], Any]:
        """Finds the raw value in a snapshot."""
        return reader(self.paths)


@dataclass(frozen=True)
class Link:
    """Ids of other objects that a snapshot names; a link once seen stays.

    ``to`` is the name of the other object; only ids that begin with ``prefix``
    count, or with one of several.
    ``envelope``: the id is the event's account, because the snapshot does not name it.
    """

    to: str
    paths: tuple[str, ...] = ()
    prefix: str | tuple[str, ...] = ""
    envelope: bool = False


@dataclass(frozen=True)
class Embed:
    """A list inside a snapshot whose items are snapshots of another object."""

    object: str
    path: str


@dataclass(frozen=True)
class MergedList:
    """A list inside a snapshot whose items are merged by id over all snapshots that have them."""

    path: str
    reads: tuple[Read, ...]


@dataclass(frozen=True)
class Measure:
    """A number computed from a snapshot, to compare it with another snapshot of the same second.

    ``keys`` are the top-level keys it is computed from, each with the type that it is decoded as
    (None: as it stands); ``value`` gets their raw values in that order, whatever they are.
    """

    keys: tuple[tuple[str, Type | None], ...]
    value: Callable[..., int]

    def of(self, snapshot: Mapping[str, Any]) -> int:
        """The number for one snapshot."""
        return self.value(*(snapshot.get(key) for key, _ in self.keys))


@dataclass(frozen=True)
class Listing:
    """How Stripe's API lists an object: in as many lists as there are ``queries``.

    ``is_account``: what is listed is an account, and said of itself.
    """

    queries: tuple[Mapping[str, str], ...] = (MappingProxyType({}),)
    is_account: bool = False


@dataclass(frozen=True, eq=False)
class StripeObject:
    """One of Stripe's objects: what is read of it, and how its snapshots are ordered.

    An object is declared once, and an event says the same of it to every kind.

    Read: ``reads``, ``links``, ``embeds``; ``merged_lists``, whose items are kept by id;
    ``first_seen``, facts set to the earliest second whose event shows them (no time where only
    snapshot records do); ``first_known``, facts that the earliest observation which can tell
    decides (None: it cannot);
    ``from_event_type``, which adds to the values what only the event's type says. Events of a type
    in ``ignored_types`` say nothing of it. ``event_types`` names, for people, the events that carry
    it (``charge.*``): which of them an event is about is always read from its body. ``listing`` is
    how the API lists it (None: not by itself).

    Ordered (see ``ordering``): only another ``terminal`` status replaces a terminal one, and where
    ``is_settled`` holds not even that. Within one second the ``progress`` measures decide, which
    only grow; of the last resorts first the rank of event type and status (``type_order``,
    ``status_order``: low to high, alternatives separated by ``|``), then the ``tie_breakers``.
    """

    name: str
    reads: tuple[Read, ...] = ()
    links: tuple[Link, ...] = ()
    embeds: tuple[Embed, ...] = ()
    merged_lists: Mapping[str, MergedList] = field(default_factory=dict)
    first_seen: Mapping[str, Shows] = field(default_factory=dict)
    first_known: Mapping[str, Decide] = field(default_factory=dict)
    from_event_type: FromEventType | None = None
    ignored_types: frozenset[str] = frozenset()
    event_types: tuple[str, ...] = ()
    listing: Listing | None = Listing()
    terminal: frozenset[str] = frozenset()
    is_settled: IsSettled | None = None
    progress: tuple[Measure, ...] = ()
    type_order: tuple[str, ...] = ()
    status_order: tuple[str, ...] = ()
    tie_breakers: tuple[Measure, ...] = ()

    @cached_property
    def all_reads(self) -> tuple[Read, ...]:
        """Its reads, and the two that every object has."""
        named = {read.name for read in self.reads}
        return (*(read for read in _EVERY if read.name not in named), *self.reads)

    @property
    def api_path(self) -> str:
        """Where the API has it: a list of them, and each below it by its id."""
        return f"/v1/{self.name.replace('.', '/')}s"

    @cached_property
    def type_ranks(self) -> Mapping[str, int]:
        """Rank of each last word of an event type."""
        return _ranks(self.type_order)

    @cached_property
    def status_ranks(self) -> Mapping[str, int]:
        """Rank of each status."""
        return _ranks(self.status_order)

    def referenced(self, *names: str) -> Referenced:
        """The object as a kind refers to it: its links, its age and the named reads."""
        return Referenced(self, frozenset({"created", *names}))


@dataclass(frozen=True)
class Referenced:
    """An object that a kind only refers to: its events are no row's own, but rows use its facts.

    ``reads`` names the values that are kept of it.
    """

    object: StripeObject
    reads: frozenset[str]


_EVERY = (
    Read("created", Type.TIME, ("created",)),
    Read("metadata", Type.OBJECT, ("metadata",)),
)


def _ranks(groups: Iterable[str]) -> Mapping[str, int]:
    return {name: rank for rank, group in enumerate(groups) for name in group.split("|")}
