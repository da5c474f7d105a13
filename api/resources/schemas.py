"""Response schemas: the kinds' ones derive from their declarations, the others are written here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from projections import Field, Kind, Type

Fields = Mapping[str, fields.Field[Any]]


class Answer(Schema):
    """The base of all answers: clients have to expect that fields are added."""

    class Meta:
        unknown = EXCLUDE


def schema(name: str, members: Fields) -> type[Schema]:
    """A schema class, which OpenAPI calls by this name."""
    return Answer.from_dict(dict(members), name=name)


def text(about: str, **options: Any) -> fields.String:
    return fields.String(**_documented(about, options))


def whole(about: str, **options: Any) -> fields.Integer:
    return fields.Integer(**_documented(about, options))


def number(about: str) -> fields.Float:
    return fields.Float(**_documented(about, {"allow_none": True}))


def yes_no(about: str, **options: Any) -> fields.Boolean:
    return fields.Boolean(**_documented(about, options))


def mapping(about: str, **options: Any) -> fields.Dict:
    return fields.Dict(**_documented(about, options), keys=fields.String())


def constant(value: str) -> fields.String:
    return text("What this is.", validate=validate.Equal(value))


def of_kind(kind: Kind) -> type[Schema]:
    """The row of a kind, field by field as declared."""
    members = {field.name: _field(kind, field) for field in kind.columns}
    members["snapshot"] = mapping(
        "The newest Stripe object, verbatim; only with ?include=object.",
        required=False,
        allow_none=True,
    )
    return schema(kind.object.capitalize(), members)


def _field(kind: Kind, field: Field) -> fields.Field[Any]:
    if field.name == "object":
        return constant(kind.object)
    options = _documented(field.about, {"allow_none": field.nullable})
    match field.type:
        case Type.ID | Type.CODE | Type.TEXT:
            return fields.String(**options)
        case Type.INTEGER | Type.TIME:
            return fields.Integer(**options)
        case Type.BOOLEAN:
            return fields.Boolean(**options)
        case Type.OBJECT:
            return fields.Dict(**options, keys=fields.String())
        case Type.LIST:
            return fields.List(_item(kind, field), **options)


def _item(kind: Kind, field: Field) -> fields.Field[Any]:
    if field.items is None:
        return fields.String()
    name = f"{kind.object}_{field.name.removesuffix('s')}".title().replace("_", "")
    return fields.Nested(schema(name, {each.name: _field(kind, each) for each in field.items}))


def _documented(about: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": True, "metadata": {"description": about}, **options}


def list_of(item: type[Schema]) -> type[Schema]:
    """The list object around items."""
    members: dict[str, fields.Field[Any]] = {
        "object": constant("list"),
        "url": text("The list's own path."),
        "has_more": yes_no("Whether the list goes on in this direction."),
        "data": fields.List(fields.Nested(item), required=True),
    }
    return schema(f"{item.__name__}List", members)


_ACCOUNT = text("The connected account; null for the own one.", allow_none=True)
_POSITION = whole("Position in the log.")

PROBLEM = schema(
    "Problem",
    {
        "type": text("Which problem: a reference into the docs page."),
        "title": text("The problem's name for a person."),
        "status": whole("The HTTP status."),
        "detail": text("What is known of this one."),
        "request_id": text("What the server's log calls this request."),
        "errors": fields.List(
            fields.Nested(
                schema(
                    "ParameterError",
                    {
                        "parameter": text("The parameter's name."),
                        "message": text("What is wrong with it."),
                    },
                )
            ),
            metadata={"description": "Of a 422: which parameters are wrong."},
        ),
    },
)

RECEIPT = schema(
    "Receipt",
    {
        "status": text(
            "What became of the delivery.",
            validate=validate.OneOf(["stored", "duplicate", "quarantined"]),
        ),
        "position": whole("Where it is in the log; a duplicate's first one."),
        "request_id": text("What the server's log calls this request."),
    },
)

_EVENT: Fields = {
    "object": constant("event"),
    "id": text("Stripe's id of the event."),
    "position": _POSITION,
    "type": text("What happened, in Stripe's words."),
    "object_id": text("The Stripe object's id, where it has one.", allow_none=True),
    "created": whole("When Stripe made it, Unix seconds."),
    "received_at": whole("When it came here, Unix seconds."),
    "api_version": text("The API version it is written in.", allow_none=True),
    "account": _ACCOUNT,
    "livemode": yes_no("Live or test mode."),
    "source": text("How it came: webhook or import."),
}
EVENT = schema("Event", _EVENT)
EVENT_WITH_BODY = schema(
    "EventWithBody",
    {
        **_EVENT,
        "body": text("The exact bytes as Stripe signed them, as a string."),
        "sha256": text("The body's SHA-256, in hex."),
        "chain": text("The log's chain value at this position, in hex."),
    },
)

_QUARANTINED: Fields = {
    "object": constant("quarantined_delivery"),
    "id": text("qd_ and its position."),
    "position": _POSITION,
    "reason": text("Why it is no event."),
    "received_at": whole("When it came here, Unix seconds."),
    "size": whole("The body's length in bytes."),
}
QUARANTINED = schema("QuarantinedDelivery", _QUARANTINED)
QUARANTINED_WITH_BODY = schema(
    "QuarantinedDeliveryWithBody",
    {
        **_QUARANTINED,
        "body": text("The exact bytes as a string, where they are UTF-8.", required=False),
        "body_base64": text("The exact bytes in Base64, where they are not.", required=False),
    },
)

TIMELINE_ENTRY = schema(
    "TimelineEntry",
    {
        "position": _POSITION,
        "event": text("Stripe's id of the event."),
        "type": text("What happened, in Stripe's words."),
        "created": whole("When Stripe made it, Unix seconds."),
        "received_at": whole("When it came here, Unix seconds."),
        "late": yes_no("An own event with a greater created came before it."),
        "changes": fields.Dict(
            keys=fields.String(),
            values=fields.List(fields.Raw(allow_none=True), validate=validate.Length(equal=2)),
            required=True,
            metadata={"description": "Per field, its value before and after."},
        ),
    },
)

TIMELINE = list_of(TIMELINE_ENTRY)

PROJECTION = schema(
    "Projection",
    {
        "object": constant("projection"),
        "id": text("The kind again: what this list pages by."),
        "kind": text("Which rows."),
        "fingerprint": text("Which declaration made them.", allow_none=True),
        "status": text(
            "`live`, `rebuild_requested`, `rebuilding`, `rebuild_stopped` (who built is gone; the"
            " follower begins again), or `served_by_other_version`."
        ),
        "position": whole("How far it has read."),
        "lag_events": whole("Log entries still to read."),
        "lag_seconds": number("How long the oldest unread entry has waited."),
        "rows": whole("How many rows."),
        "dead_letters": whole("Events that could not be folded."),
        "without_snapshot": whole("Events of its objects that carry no snapshot."),
        "rebuild_done": whole("Events that a rebuild has read so far.", allow_none=True),
        "rebuild_total": whole("Events that it has to read.", allow_none=True),
        "rebuild_events_per_second": number("How many it reads a second."),
        "rebuild_eta_seconds": number("How many seconds it still takes."),
        "held_by": fields.List(
            fields.String(),
            required=True,
            metadata={"description": "What a rebuilt table waits for before it serves."},
        ),
        "checked_at": whole("When rows were last checked against the log.", allow_none=True),
        "differences": whole("In how many fields they differed then.", allow_none=True),
        "previous": text("The table that `ledger rollback` would take.", allow_none=True),
    },
)

REBUILD = schema(
    "Rebuild",
    {
        "object": constant("rebuild"),
        "kind": text("Which rows are built anew."),
        "status": constant("requested"),
        "url": text("Where its progress shows."),
    },
)

DEAD_LETTER = schema(
    "DeadLetter",
    {
        "kind": text("Which rows."),
        "id": text("The row's id."),
        "event": text("The event that could not be folded."),
        "position": _POSITION,
        "error": text("What is wrong with it."),
    },
)


_COUNTED: Fields = {"count": whole("How many."), "amount": whole("Sum of amount.")}
_TOTAL = schema("Total", _COUNTED)
_ORDER_TOTAL = schema(
    "OrderTotal",
    {
        **_COUNTED,
        "amount_received": whole("Sum of amount_received."),
        "amount_refunded": whole("Sum of amount_refunded."),
    },
)

SUMMARY = schema(
    "Summary",
    {
        "id": text("What this list pages by: account, mode and currency."),
        "account": _ACCOUNT,
        "livemode": yes_no("Live or test mode."),
        "currency": text("What the amounts are in; null where none is known.", allow_none=True),
        "orders": mapping("Totals by status.", values=fields.Nested(_ORDER_TOTAL)),
        "refunds": mapping("Totals by status.", values=fields.Nested(_TOTAL)),
        "disputes": mapping("Totals by status.", values=fields.Nested(_TOTAL)),
        "payouts": mapping("Totals by status.", values=fields.Nested(_TOTAL)),
        "subscriptions": mapping("How many, by status.", values=fields.Integer()),
    },
)

STATUS = schema("Status", {"status": text("ok, or ready.")})
