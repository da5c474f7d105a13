"""How far a snapshot is from what the next event says of the object before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.objects.attributes import is_scalar

__all__ = ["nested_disagreement", "overlay", "scalar_disagreement"]

Image = Mapping[str, Any]


def overlay(snapshot: Any, previous: Any) -> Any:
    """A snapshot with its previous attributes: objects merged by key, all else replaced whole."""
    if not isinstance(snapshot, dict) or not isinstance(previous, dict):
        return previous
    merged = dict(snapshot)
    for key, value in previous.items():
        merged[key] = overlay(snapshot[key], value) if key in snapshot else value
    return merged


def scalar_disagreement(snapshot: Image, before: Image, *, same_version: bool) -> int:
    """In how many top-level scalars a snapshot differs from the next event's before-image."""
    return sum(
        is_scalar(left) and is_scalar(right)
        for left, right in _differing(snapshot, before, same_version)
    )


def nested_disagreement(snapshot: Image, before: Image, *, same_version: bool) -> int:
    """In how many leaves below the top level they differ; a list of scalars is one leaf."""
    return sum(
        _leaves(left, right, same_version)
        for left, right in _differing(snapshot, before, same_version)
        if isinstance(left, dict | list) or isinstance(right, dict | list)
    )


def _differing(left: Image, right: Image, same_version: bool) -> list[tuple[Any, Any]]:
    """The values of both under each key where they differ.

    A key that only one of them has is null in the other within one API version; between two it
    belongs to one of them, and is no disagreement.
    """
    if left == right:
        return []
    pairs = [
        (value, right[key]) for key, value in left.items() if key in right and right[key] != value
    ]
    if same_version and left.keys() != right.keys():
        pairs += [(left[key], None) for key in left.keys() - right.keys() if left[key] is not None]
        pairs += [
            (None, right[key]) for key in right.keys() - left.keys() if right[key] is not None
        ]
    return pairs


def _leaves(left: Any, right: Any, same_version: bool) -> int:
    """In how many leaves two values differ, which are not equal."""
    if isinstance(left, dict) and isinstance(right, dict):
        return sum(_leaves(*pair, same_version) for pair in _differing(left, right, same_version))
    if isinstance(left, list) and isinstance(right, list) and _hold_objects(left, right):
        longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
        # An item that only one of them has is one leaf: it is there or not, in every version.
        shared = (pair for pair in zip(longer, shorter, strict=False) if pair[0] != pair[1])
        return sum(_leaves(*pair, same_version) for pair in shared) + len(longer) - len(shorter)
    return 1


def _hold_objects(left: list[Any], right: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in (*left, *right))
