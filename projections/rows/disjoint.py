"""Disjoint sets: what is connected, directly or through others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

__all__ = ["DisjointSets"]

T = TypeVar("T", bound=Hashable)


class DisjointSets(Generic[T]):
    """Sets of items that grow together; an item is in a set of its own until it is joined."""

    def __init__(self) -> None:
        self._parent: dict[T, T] = {}

    def __contains__(self, item: T) -> bool:
        return item in self._parent

    def find(self, item: T) -> T:
        """The representative of an item's set."""
        parent = self._parent.setdefault(item, item)
        while parent != item:
            self._parent[item] = self._parent[parent]
            item, parent = parent, self._parent[parent]
        return item

    def join(self, items: Iterable[T]) -> None:
        """Unite the sets of some items."""
        first, *others = map(self.find, items)
        for other in others:
            self._parent[self.find(other)] = self.find(first)
