"""One kind of rows, declared once: tables, schemas and documents derive from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from projections.objects.declaration import Convert, Fallback, Read, Referenced, StripeObject
from projections.objects.types import Type
from projections.rows.aggregate import Aggregate, Component
from projections.rows.condition import Condition
from projections.rows.fingerprint import describe

__all__ = ["COMMON", "FOLD_VERSION", "Field", "Kind", "reads_of"]

# The version of the fold's code, which no declaration shows: raising it rebuilds every kind.
FOLD_VERSION = 7


@dataclass(frozen=True)
class Field:
    """A field of a kind's rows: its name, type, meaning, and where it comes from.

    Either ``paths`` in the newest snapshot of the root object, or ``derive`` from the aggregate.
    ``items`` are the fields of a list's objects. ``convert``, ``fallback`` and ``personal`` as in
    ``Read``; a field derived from personal reads is personal too. ``withheld``: it is personal and
    personal data is left out (see ``projections.rows.personal``).
    """

    name: str
    type: Type
    about: str
    paths: tuple[str, ...] = ()
    derive: Callable[[Any], Any] | None = None
    convert: Convert | None = None
    fallback: Fallback | None = None
    items: tuple[Field, ...] | None = None
    nullable: bool = True
    personal: bool = False
    withheld: bool = False

    @property
    def read(self) -> Read | None:
        """What the fold keeps for it; None where it is derived."""
        if not self.paths:
            return None
        items = None if self.items is None else reads_of(*self.items)
        return Read(
            self.name, self.type, self.paths, self.convert, self.fallback, items, self.personal
        )


def reads_of(*fields: Field) -> tuple[Read, ...]:
    """The reads that the path fields of a kind need of its root object."""
    return tuple(read for read in (item.read for item in fields) if read is not None)


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
               "invoice", "product", "coupon", "schedule", "payout", "source")  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of rows: the objects that feed it, how rows are made of them, and each field.

    ``members`` are the objects whose events are a row's own, the root first; ``references`` those
    that rows only use facts of. Objects named in ``joins`` connect a component: links from one of
    them to another are followed. ``aggregates`` splits a component into the aggregates that become
    rows; by default each object of the root's name is one. ``aliases`` names the objects whose ids
    find a row too: a member's the row that it is part of, another's the row that the kind of its
    own names (an invoice's ``order``). ``list_filters`` names the filters that find an id anywhere
    in a list, with the list's field.
    ``summary`` names the amounts summed by status in the totals: () only counts, None leaves the
    kind out. ``search`` names the fields by whose values a search finds a row, beside its ids and
    the values of its metadata. ``conditions`` are what subscribers are notified of when it becomes
    true. ``store`` is the fingerprint of the states that its rows are drawn
    from (see ``projections.rows.family``).
    """

    name: str
    object: str
    about: str
    members: tuple[StripeObject, ...]
    fields: tuple[Field, ...]
    references: tuple[Referenced, ...] = ()
    joins: frozenset[str] = frozenset()
    aggregates: Callable[[Component], Iterable[Aggregate]] | None = None
    aliases: tuple[str, ...] = ()
    list_filters: Mapping[str, str] = field(default_factory=dict)
    summary: tuple[str, ...] | None = None
    search: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    store: str = ""

    @cached_property
    def objects(self) -> Mapping[str, StripeObject]:
        """All Stripe objects it reads, by name."""
        referenced = (reference.object for reference in self.references)
        return {declared.name: declared for declared in (*self.members, *referenced)}

    @property
    def root(self) -> str:
        """The name of the object that a row stands for, but for those that have none yet."""
        return self.members[0].name

    @cached_property
    def member_names(self) -> frozenset[str]:
        """The names of the objects whose events are a row's own."""
        return frozenset(declared.name for declared in self.members)

    @cached_property
    def referenced_reads(self) -> Mapping[str, tuple[str, ...]]:
        """The reads kept of the objects that it only refers to, by name."""
        return {
            reference.object.name: tuple(sorted(reference.reads)) for reference in self.references
        }

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields of a row in the order in which it is shown."""
        return (*COMMON, *self.fields)

    @cached_property
    def derivations(self) -> tuple[tuple[str, Callable[[Any], Any] | None, bool], ...]:
        """Of each field after the common ones its name, how it is derived, and whether that gives
        a number; ``None``: it is read."""
        return tuple((item.name, item.derive, item.type is Type.INTEGER) for item in self.fields)

    @cached_property
    def structured(self) -> tuple[int, ...]:
        """The indexes of the columns that hold JSON as text."""
        types = enumerate(column.type for column in self.columns)
        return tuple(index for index, type in types if type in (Type.OBJECT, Type.LIST))

    @cached_property
    def filters(self) -> tuple[str, ...]:
        """The fields a list may be filtered by."""
        names = {column.name for column in self.columns if not column.withheld}
        return tuple(name for name in (*_FILTERS, *_REFERENCES) if name in names)

    @cached_property
    def searched_by_word(self) -> tuple[str, ...]:
        """Of the fields that a search finds rows by those whose words find them, too."""
        types = {column.name: column.type for column in self.columns}
        return tuple(name for name in self.search if types[name] is Type.TEXT)

    @cached_property
    def own_alias_fields(self) -> tuple[str, ...]:
        """The fields that hold the id of an alias among the members, seen or not."""
        return self._fields_of(name for name in self.aliases if name in self.member_names)

    @cached_property
    def other_alias_fields(self) -> tuple[str, ...]:
        """The fields that hold the id of an alias that is no member."""
        return self._fields_of(name for name in self.aliases if name not in self.member_names)

    def _fields_of(self, objects: Iterable[str]) -> tuple[str, ...]:
        names = (object.replace(".", "_") for object in objects)
        return tuple(name for name in names if name in self.filters)

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change with the declaration, the fold and what its family stores."""
        return hashlib.sha256(describe((FOLD_VERSION, self)).encode()).hexdigest()[:12]
