"""The members of JSON bodies: strict fields, as those of queries are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from api.notify.errors import SubscriberRefused
from api.notify.types import check_types
from api.resources.parameters import INTEGER_MAX, Query, Text
from projections import notification_types

__all__ = ["Begin", "JsonBoolean", "JsonInteger", "NotificationTypes", "body"]


class JsonBoolean(fields.Boolean):
    """``true`` or ``false`` of JSON, and no text or number that resembles them."""

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(metadata={"description": description}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class JsonInteger(fields.Integer):
    """A whole number of JSON."""

    def __init__(self, description: str, *, least: int, most: int, **options: Any) -> None:
        in_range = validate.Range(least, most, error="must be from {min} to {max}")
        super().__init__(validate=in_range, metadata={"description": description}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("must be a whole number")
        return value


class NotificationTypes(fields.List[str]):
    """Types of notifications, or patterns of them; each must stand for one that is declared."""

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(Text("A type."), metadata={"description": description}, **options)

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> list[Any]:
        patterns: list[Any] = super()._deserialize(value, *rest, **options)
        try:
            return list(check_types(patterns, notification_types()))
        except SubscriberRefused as refused:
            raise ValidationError(str(refused)) from None


class Begin(fields.Field[Any]):
    """``now``, ``beginning``, or a position of the log."""

    _WORDS = ("now", "beginning")

    def __init__(self, description: str, **options: Any) -> None:
        integer = {"type": "integer", "minimum": 0, "maximum": INTEGER_MAX}
        shapes = [{"type": "string", "enum": list(self._WORDS)}, integer]
        super().__init__(metadata={"description": description, "oneOf": shapes}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        is_position = isinstance(value, int) and not isinstance(value, bool)
        if value in self._WORDS or (is_position and 0 <= value <= INTEGER_MAX):
            return value
        raise ValidationError("must be now, beginning, or a position of the log")


def body(name: str, members: Mapping[str, fields.Field[Any]]) -> type[Schema]:
    """A JSON body that consists of these members, as OpenAPI names it."""
    return Query.from_dict(dict(members), name=name)
