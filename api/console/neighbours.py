"""What a row is linked to: the rows it names, and those that name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.backend import backend
from api.console import rest
from api.console.links import row_path, with_query
from projections import Kind, Type

__all__ = ["Neighbour", "neighbours"]

# Of each kind that names the row; the list of the others is a link away.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A row that another is linked to, or the list of more of them."""

    kind: str
    text: str
    href: str


def neighbours(name: str, row: Mapping[str, Any]) -> list[Neighbour]:
    """The rows beside one, those that it names first; each once."""
    result: dict[str, Neighbour] = {}
    for neighbour in (*_named(name, row), *_naming(name, row)):
        result.setdefault(neighbour.href, neighbour)
    return list(result.values())


def _named(name: str, row: Mapping[str, Any]) -> Iterator[Neighbour]:
    kinds = backend().projections.kinds
    by_object = {kind.object: kind for kind in kinds.values()}
    for field in kinds[name].fields:
        value = row.get(field.name)
        if not value:
            continue
        if field.type is Type.ID and field.name in by_object:
            yield _row(by_object[field.name], value, row)
        elif field.type is Type.ID and field.name.endswith("_invoice"):
            yield _row(by_object["invoice"], value, row)
        elif field.type is Type.LIST and field.items is None and field.name in kinds:
            for id in value[:_SHOWN]:
                yield _row(kinds[field.name], id, row)


def _naming(name: str, row: Mapping[str, Any]) -> Iterator[Neighbour]:
    kinds = backend().projections.kinds
    object_name = kinds[name].object
    scope = {"account": row["account"] or "self", "livemode": row["livemode"]}
    for other in kinds.values():
        if object_name not in other.filters or other.name == name:
            continue
        wanted = {object_name: row["id"], **scope}
        page = rest.get(rest.path(other.name), limit=_SHOWN, **wanted)
        for each in page["data"]:
            yield _row(other, each["id"], row)
        if page["has_more"]:
            texts = {key: str(value).lower() if key == "livemode" else value
                     for key, value in wanted.items()}  # fmt: skip
            yield Neighbour(other.name, f"all {other.name}", with_query(f"/{other.name}", texts))


def _row(kind: Kind, id: Any, row: Mapping[str, Any]) -> Neighbour:
    return Neighbour(kind.object.replace("_", " "), str(id), row_path(kind.name, str(id), row))
