"""The vocabulary of response schemas, and those derived from the kinds' declarations.

A schema is the one declaration of a response: routes dump objects through it, and OpenAPI is
generated from it. Each resource declares its own beside its routes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from projections import Field, Kind, Type


def documented(description: str, **options: Any) -> dict[str, Any]:
    """A field's arguments: it is always present unless ``options`` say otherwise."""
    return {"required": True, "metadata": {"description": description}, **options}


class ResponseSchema(Schema):
    """The base of all responses. Unknown members are allowed: clients must expect new fields."""

    class Meta:
        unknown = EXCLUDE

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """The value of a member in a dumped object.

        Marshmallow tries a key first, which for a named tuple costs an exception per member:
        half of the time that a page of events takes to dump.
        """
        if isinstance(obj, tuple):
            return getattr(obj, attr, default)
        return super().get_attribute(obj, attr, default)


def text(description: str, **options: Any) -> fields.String:
    return fields.String(**documented(description, **options))


def integer(description: str, **options: Any) -> fields.Integer:
    return fields.Integer(**documented(description, **options))


def number(description: str, **options: Any) -> fields.Float:
    return fields.Float(**documented(description, **options))


def boolean(description: str, **options: Any) -> fields.Boolean:
    return fields.Boolean(**documented(description, **options))


def mapping(description: str, **options: Any) -> fields.Dict:
    return fields.Dict(**documented(description, **options), keys=fields.String())


def array(item: fields.Field[Any], description: str, **options: Any) -> fields.List[Any]:
    return fields.List(item, **documented(description, **options))


def computed(
    json_type: str, compute: Callable[[Any], Any], description: str, **options: Any
) -> fields.Function:
    """A member computed from the dumped object; left out where that gives ``missing``."""
    documentation = {"description": description, "type": json_type}
    return fields.Function(compute, **{"required": True, "metadata": documentation, **options})


def constant(value: str) -> fields.String:
    """A member that always has this value; the dumped object need not have it."""
    return text("What this is.", validate=validate.Equal(value), dump_default=value)


# Members that several resources have.


def position() -> fields.Integer:
    return integer("Position in the log.")


def received_at() -> fields.Function:
    return computed(
        "integer",
        lambda event: event.received_at // 1_000_000,
        "When it was received here, Unix seconds.",
    )


def account() -> fields.String:
    return text("The connected account; null for your own account.", allow_none=True)


def livemode() -> fields.Boolean:
    return boolean("True in live mode, false in test mode.")


class ListSchema(ResponseSchema):
    """A list object, as Stripe's lists are; ``data`` is dumped already."""

    object = constant("list")
    url = text("The path of the list.")
    has_more = boolean("Whether the list goes on in this direction.")
    data = fields.Raw(required=True)


@cache
def list_of(item: type[Schema]) -> type[Schema]:
    """The schema of a list object whose items have a schema; one for each, by its name."""
    name = f"{item.__name__.removesuffix('Schema')}List"
    return ListSchema.from_dict(
        {"data": fields.List(fields.Nested(item), required=True)}, name=name
    )


def of_kind(kind: Kind) -> type[Schema]:
    """The schema of a kind's rows, generated from its declaration.

    It documents them only: rows are dicts in the declared order already, and dumping a page of
    a hundred would take about as long as everything else in the request.
    """
    members = {field.name: _member(kind, field) for field in kind.columns}
    members["snapshot"] = mapping(
        "The newest Stripe object, verbatim; only with ?include=object.",
        required=False,
        allow_none=True,
    )
    return ResponseSchema.from_dict(members, name=kind.object.title().replace("_", ""))


def _member(kind: Kind, field: Field) -> fields.Field[Any]:
    if field.name == "object":
        return constant(kind.object)
    personal = " Personal: null where LEDGER_PERSONAL_DATA is off." if field.personal else ""
    options: dict[str, Any] = {"description": field.about + personal, "allow_none": field.nullable}
    match field.type:
        case Type.ID | Type.CODE | Type.TEXT:
            return text(**options)
        case Type.INTEGER | Type.TIME:
            return integer(**options)
        case Type.NUMBER:
            return number(**options)
        case Type.BOOLEAN:
            return boolean(**options)
        case Type.OBJECT:
            return mapping(**options)
        case Type.LIST:
            return array(_item(kind, field), **options)


def _item(kind: Kind, field: Field) -> fields.Field[Any]:
    if field.items is None:
        return fields.String()
    name = f"{kind.object}_{field.name.removesuffix('s')}".title().replace("_", "")
    members = {item.name: _member(kind, item) for item in field.items}
    return fields.Nested(ResponseSchema.from_dict(members, name=name))
