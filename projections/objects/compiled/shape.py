"""The tree of keys that declarations ask for, and the structs that decode exactly those."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Union

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.types import Type

__all__ = ["RAW", "Node", "tree"]

# Asked of a place whose value has to be seen as it stands.
RAW = "raw"

_TEXT: Any = str
# What does not decode is read the generic way: that alone says what is wrong with it.
_CODE: Any = Annotated[str, Meta(max_length=500)]
_INTEGER: Any = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_TYPES: Mapping[str, Any] = {
    Type.ID: _CODE,
    Type.CODE: _CODE,
    Type.TEXT: _TEXT,
    Type.INTEGER: _INTEGER,
    Type.BOOLEAN: bool,
    Type.OBJECT: dict[str, str | None],
    Type.LIST: list[_CODE],
}
# By these, and by nothing else, one snapshot is told to be later than another.
_EVIDENCE: Mapping[str, str] = {
    "amount": Type.INTEGER,
    "amount_captured": Type.INTEGER,
    "amount_paid": Type.INTEGER,
    "amount_received": Type.INTEGER,
    "amount_refunded": Type.INTEGER,
    "attempt_count": Type.INTEGER,
    "captured": Type.BOOLEAN,
    "payment_status": Type.CODE,
    "status_transitions": RAW,
}


@dataclass(eq=False)
class Node:
    """One place in a snapshot: what is asked of it, of its keys and of its items."""

    leaves: set[str] = field(default_factory=set)
    keys: dict[str, Node] = field(default_factory=dict)
    item: Node | None = None
    struct: type[Struct] | None = None

    def key(self, name: str) -> Node:
        """What is asked of a key of it."""
        return self.keys.setdefault(name, Node())

    def items(self) -> Node:
        """What is asked of each of its items."""
        self.item = self.item or Node()
        return self.item

    def at(self, path: str) -> Node:
        """What is asked of the place at a path below it."""
        node = self
        for step in path.split("."):
            node = node.items() if step == "*" or step.isdigit() else node.key(step)
        return node

    @property
    def leaf(self) -> str | None:
        """The one type its values are decoded as; None: only ways lead on from here."""
        leaves = {Type.INTEGER if leaf == Type.TIME else leaf for leaf in self.leaves}
        if leaves == {Type.ID, Type.CODE}:
            return Type.ID
        if len(leaves) > 1 or (leaves and not leaves <= {Type.ID} and (self.keys or self.item)):
            return RAW
        return leaves.pop() if leaves else None

    @property
    def is_raw(self) -> bool:
        """Whether it is decoded to dicts and lists, with all that is in it."""
        return self.leaf == RAW

    def attribute(self, name: str) -> str:
        """Where its struct has a key."""
        plain = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
        return name if plain else f"_{sorted(self.keys).index(name)}"

    def build(self, name: str) -> Any:
        """The type to decode it as; makes the structs of it and of all below it."""
        if self.is_raw:
            return Any
        parts: list[Any] = [None, _TYPES[self.leaf or Type.CODE]]
        if self.item is not None:
            parts.append(list[self.item.build(f"{name}_item")])  # type: ignore[misc]
        if self.keys:
            parts.append(self._struct(name))
        return Union[tuple(parts)]  # noqa: UP007

    def _struct(self, name: str) -> type[Struct]:
        # Stripe sends `id` and `object` first, then the alphabet: so every look-up is a hit.
        names = sorted(self.keys, key=lambda key: (key not in ("id", "object"), key))
        fields: list[tuple[str, Any, Any]] = []
        for key in names:
            built = self.keys[key].build(f"{name}_{key}")
            type = built if built is Any else built | UnsetType
            fields.append((self.attribute(key), type, UNSET))
        rename = {self.attribute(key): key for key in names}
        self.struct = defstruct(name.replace(".", "_"), fields, rename=rename, gc=False)
        return self.struct


def tree(
    thing: StripeObject,
    things: Mapping[str, StripeObject],
    node: Node | None = None,
    inside: tuple[str, ...] = (),
) -> Node:
    """All that is asked of an object's snapshot, with the snapshots ``inside`` of which it is."""
    node, inside = node or Node(), (*inside, thing.name)
    node.key("id").leaves.add(Type.CODE)
    node.key("object").leaves.add(Type.CODE)
    for name, leaf in _EVIDENCE.items():
        node.key(name).leaves.add(leaf)
    for read in thing.all_reads:
        _ask(node, read)
    for link in thing.links:
        _ask_ids(node, link)
    for unite in thing.merged_lists.values():
        item = node.at(unite.path).items()
        _ask(item, Read("id", Type.ID, ("id",)))
        for read in unite.reads:
            _ask(item, read)
    for embed in thing.embeds:
        item = node.at(embed.path).items()
        # An object in its own snapshot would need a tree without end: the script refuses it.
        if embed.object in things and embed.object not in inside:
            tree(things[embed.object], things, item, inside)
    return node


def _ask(node: Node, read: Read) -> None:
    for path in read.paths:
        place = node.at(path)
        if read.items is not None and read.convert is None and read.fallback is None:
            for inner in read.items:
                _ask(place.items(), inner)
        elif read.convert is not None or "*" in path or read.items is not None:
            place.leaves.add(RAW)
        else:
            _ask_leaf(place, read.type)


def _ask_leaf(place: Node, type: str) -> None:
    place.leaves.add(type)
    if type == Type.ID:
        place.key("id").leaves.add(Type.CODE)


def _ask_ids(node: Node, link: Link) -> None:
    for path in link.paths:
        place = node.at(path)
        for one in (place, place.items()):
            _ask_leaf(one, Type.ID)
