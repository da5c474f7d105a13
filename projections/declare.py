"""The words in which a kind is declared; tables, schemas and documents derive from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from projections.fingerprint import describe
from projections.paths import reader
from projections.values import Type

if TYPE_CHECKING:
    from projections.subject import Cluster, Subject

__all__ = [
    "COMMON",
    "FOLD_VERSION",
    "Embed",
    "Field",
    "Kind",
    "Lent",
    "Link",
    "Read",
    "StripeObject",
    "Unite",
    "main",
]

# Counts changes of the fold that no declaration shows: raising it rebuilds every kind.
FOLD_VERSION = 4

Convert = Callable[[Any], Any]
Shows = Callable[[Mapping[str, Any], str], bool]
Older = Callable[[Mapping[str, Any]], Any]
Settles = Callable[[Mapping[str, Any]], bool]
Adjust = Callable[[dict[str, Any], str, int], None]


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
    older: Older | None = None
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
class Unite:
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
    absorbing: frozenset[str] = frozenset()
    settles: Settles | None = None
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    embeds: tuple[Embed, ...] = ()
    once: Mapping[str, Shows] = field(default_factory=dict)
    unites: Mapping[str, Unite] = field(default_factory=dict)
    adjust: Adjust | None = None
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

    def lending(self, *names: str) -> Lent:
        """The object where nothing but its links, its age and the named reads are asked for."""
        return Lent(self, frozenset({"created", *names}))


@dataclass(frozen=True)
class Lent:
    """An object that has no row of its own in a kind: what it lends to those that have."""

    thing: StripeObject
    reads: frozenset[str]


_EVERY = (
    Read("created", Type.TIME, ("created",)),
    Read("metadata", Type.OBJECT, ("metadata",)),
)


def _ranks(groups: Iterable[str]) -> Mapping[str, int]:
    return {name: rank for rank, group in enumerate(groups) for name in group.split("|")}


@dataclass(frozen=True)
class Field:
    """A field of a kind's rows: its name, type, meaning, and where it comes from.

    Either ``paths`` in the newest snapshot of the kind's object, or ``derive`` from all that the
    row gathers. ``items`` are the fields of a list's objects.
    """

    name: str
    type: Type
    about: str
    paths: tuple[str, ...] = ()
    derive: Callable[[Any], Any] | None = None
    convert: Convert | None = None
    older: Older | None = None
    items: tuple[Field, ...] | None = None
    nullable: bool = True

    @property
    def read(self) -> Read | None:
        """What the fold keeps for it, or None where it is derived."""
        if not self.paths:
            return None
        items = None if self.items is None else main(*self.items)
        return Read(self.name, self.type, self.paths, self.convert, self.older, items)


COMMON = (
    Field("object", Type.CODE, "What the row is.", nullable=False),
    Field("id", Type.CODE, "Stripe's id of it.", nullable=False),
    Field("account", Type.CODE, "The connected account; null for the ledger's own."),
    Field("livemode", Type.BOOLEAN, "True in live mode, false in test mode.", nullable=False),
    Field("created", Type.TIME, "When it was created at Stripe.", nullable=False),
    Field("updated", Type.TIME, "The newest `created` among its own events.", nullable=False),
    Field("position", Type.INTEGER, "The highest log position among its own events.",
          nullable=False),
    Field("events", Type.INTEGER, "How many events of its own it is folded from.", nullable=False),
    Field("stale", Type.BOOLEAN, "True while an event of its own could not be read.",
          nullable=False),
    Field("metadata", Type.OBJECT, "The merchant's own keys and values."),
)  # fmt: skip

_FILTERS = ("status", "customer", "currency", "account", "livemode")
_REFERENCES = ("order", "charge", "subscription", "checkout_session", "client_reference_id",
               "invoice")  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of rows: which objects feed it, how rows are cut out of them, and each field.

    ``owns`` are the objects whose events are a row's own, the main one first; ``lenders`` those
    that only lend facts. A row's neighbourhood is found by following links through objects named
    in ``through``; ``subjects`` cuts it into rows. ``also`` names the objects whose ids find a row
    too, with the field that names one nobody told of yet; ``rank`` is its place among the kinds.
    """

    name: str
    object: str
    about: str
    owns: tuple[StripeObject, ...]
    fields: tuple[Field, ...]
    lenders: tuple[Lent, ...] = ()
    through: frozenset[str] = frozenset()
    subjects: Callable[[Cluster], Iterable[Subject]] | None = None
    also: Mapping[str, str] = field(default_factory=dict)
    rank: int = 100

    @cached_property
    def objects(self) -> Mapping[str, StripeObject]:
        """All Stripe objects it reads, by name."""
        lent = (lender.thing for lender in self.lenders)
        return {thing.name: thing for thing in (*self.owns, *lent)}

    @cached_property
    def owned(self) -> frozenset[str]:
        """The names of the objects whose events are a row's own."""
        return frozenset(thing.name for thing in self.owns)

    @cached_property
    def lent(self) -> Mapping[str, tuple[str, ...]]:
        """What is asked of the objects that only lend, by name."""
        return {lender.thing.name: tuple(sorted(lender.reads)) for lender in self.lenders}

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields of a row in the order in which it is shown."""
        return (*COMMON, *self.fields)

    @cached_property
    def structured(self) -> tuple[int, ...]:
        """The places of the columns that hold JSON as text."""
        found = enumerate(column.type for column in self.columns)
        return tuple(place for place, type in found if type in (Type.OBJECT, Type.LIST))

    @cached_property
    def filters(self) -> tuple[str, ...]:
        """The fields a list may be filtered by."""
        names = {column.name for column in self.columns}
        return tuple(name for name in (*_FILTERS, *_REFERENCES) if name in names)

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change with the declaration and with the fold."""
        return hashlib.sha256(describe((FOLD_VERSION, self)).encode()).hexdigest()[:12]


def main(*fields: Field) -> tuple[Read, ...]:
    """The reads that the path fields of a kind ask of its main object."""
    return tuple(read for read in (item.read for item in fields) if read is not None)
