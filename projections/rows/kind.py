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
from projections.rows.fingerprint import describe

__all__ = ["COMMON", "FOLD_VERSION", "Field", "Kind", "main"]

# Counts changes of the fold that no declaration shows: raising it rebuilds every kind.
FOLD_VERSION = 5


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
    fallback: Fallback | None = None
    items: tuple[Field, ...] | None = None
    nullable: bool = True

    @property
    def read(self) -> Read | None:
        """What the fold keeps for it, or None where it is derived."""
        if not self.paths:
            return None
        items = None if self.items is None else main(*self.items)
        return Read(self.name, self.type, self.paths, self.convert, self.fallback, items)


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
    references: tuple[Referenced, ...] = ()
    joins: frozenset[str] = frozenset()
    subjects: Callable[[Component], Iterable[Aggregate]] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    rank: int = 100

    @cached_property
    def objects(self) -> Mapping[str, StripeObject]:
        """All Stripe objects it reads, by name."""
        lent = (lender.thing for lender in self.references)
        return {thing.name: thing for thing in (*self.owns, *lent)}

    @cached_property
    def owned(self) -> frozenset[str]:
        """The names of the objects whose events are a row's own."""
        return frozenset(thing.name for thing in self.owns)

    @cached_property
    def lent(self) -> Mapping[str, tuple[str, ...]]:
        """What is asked of the objects that only lend, by name."""
        return {lender.thing.name: tuple(sorted(lender.reads)) for lender in self.references}

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
