"""The tree of keys that declarations read, and the structs that decode exactly those."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Union

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.types import CODE_CHARACTERS_MAX, Type

__all__ = ["RAW", "Node", "tree"]

# The leaf of a node whose value is needed as it stands.
RAW = "raw"

_TEXT: Any = str
# What does not decode is left to the generic decoder: that alone says what is wrong with it.
_CODE: Any = Annotated[str, Meta(max_length=CODE_CHARACTERS_MAX)]
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


@dataclass(eq=False)
class Node:
    """One place in a snapshot: what is read of it, of its keys and of its items."""

    leaves: set[str] = field(default_factory=set)
    keys: dict[str, Node] = field(default_factory=dict)
    item: Node | None = None
    struct: type[Struct] | None = None

    def key(self, name: str) -> Node:
        """The node of one of its keys."""
        return self.keys.setdefault(name, Node())

    def items(self) -> Node:
        """The node of its items."""
        self.item = self.item or Node()
        return self.item

    def at(self, path: str) -> Node:
        """The node at a path below it."""
        node = self
        for step in path.split("."):
            node = node.items() if step == "*" or step.isdigit() else node.key(step)
        return node

    @property
    def leaf(self) -> str | None:
        """The one type its values are decoded as; None: nothing but what is below it is read."""
        leaves = {Type.INTEGER if leaf == Type.TIME else leaf for leaf in self.leaves}
        if leaves == {Type.ID, Type.CODE}:
            return Type.ID
        if len(leaves) > 1 or (leaves and not leaves <= {Type.ID} and (self.keys or self.item)):
            return RAW
        return leaves.pop() if leaves else None

    @property
    def is_raw(self) -> bool:
        """Whether it is decoded to dicts and lists, with everything in it."""
        return self.leaf == RAW

    def attribute(self, name: str) -> str:
        """The attribute of its struct that holds a key."""
        plain = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
        return name if plain else f"_{sorted(self.keys).index(name)}"

    def build(self, name: str) -> Any:
        """The type to decode it as; makes the structs of it and of all nodes below it."""
        if self.is_raw:
            return Any
        parts: list[Any] = [None, _TYPES[self.leaf or Type.CODE]]
        if self.item is not None:
            parts.append(list[self.item.build(f"{name}_item")])  # type: ignore[misc]
        if self.keys:
            parts.append(self._struct(name))
        return Union[tuple(parts)]  # noqa: UP007

    def _struct(self, name: str) -> type[Struct]:
        # Stripe sends `id` and `object` first, then the rest by alphabet: in that order every
        # look-up of the decoder is a hit.
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
    declared: StripeObject,
    objects: Mapping[str, StripeObject],
    node: Node | None = None,
    inside: tuple[str, ...] = (),
) -> Node:
    """All that is read of an object's snapshot; ``inside`` names the snapshots that embed it."""
    node, inside = node or Node(), (*inside, declared.name)
    node.key("id").leaves.add(Type.CODE)
    node.key("object").leaves.add(Type.CODE)
    for measure in (*declared.progress, *declared.tie_breakers):
        for key, type in measure.keys:
            node.key(key).leaves.add(type or RAW)
    for read in declared.all_reads:
        _add_read(node, read)
    for link in declared.links:
        _add_link(node, link)
    for merged_list in declared.merged_lists.values():
        item = node.at(merged_list.path).items()
        _add_read(item, Read("id", Type.ID, ("id",)))
        for read in merged_list.reads:
            _add_read(item, read)
    for embed in declared.embeds:
        item = node.at(embed.path).items()
        # An object in its own snapshot would need an endless tree: ``source`` refuses it.
        if embed.object in objects and embed.object not in inside:
            tree(objects[embed.object], objects, item, inside)
    return node


def _add_read(node: Node, read: Read) -> None:
    for path in read.paths:
        place = node.at(path)
        if read.items is not None and read.convert is None:
            for inner in read.items:
                _add_read(place.items(), inner)
        elif read.is_nested or read.convert is not None or "*" in path or read.items is not None:
            place.leaves.add(RAW)
        else:
            _add_leaf(place, read.type)


def _add_leaf(place: Node, type: str) -> None:
    # A number is written as an integer or with a point: it is read as it stands.
    place.leaves.add(RAW if type == Type.NUMBER else type)
    if type == Type.ID:
        place.key("id").leaves.add(Type.CODE)


def _add_link(node: Node, link: Link) -> None:
    for path in link.paths:
        place = node.at(path)
        for target in (place, place.items()):
            _add_leaf(target, Type.ID)
