"""From a cluster to rows: the fields of a declaration, worked out for each subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from projections.errors import Unreadable
from projections.objects.state import State, Unread
from projections.objects.types import Type, coerce
from projections.rows.aggregate import Aggregate, Component, each_of
from projections.rows.kind import Field, Kind

__all__ = ["DeadLetter", "ProjectedRow", "make"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be folded into a row, and why."""

    kind: str
    id: str
    event: str
    position: int
    error: str


@dataclass(slots=True)
class ProjectedRow:
    """A row that a cluster gives: None where no event of its own could be read."""

    id: str
    row: dict[str, Any] | None
    own: list[State]
    dead_letters: list[DeadLetter] = field(default_factory=list)


def make(kind: Kind, cluster: Component) -> list[ProjectedRow]:
    """The rows of one cluster, a pure function of its states."""
    made = [_make(kind, subject, cluster) for subject in _subjects(kind, cluster)]
    for state in cluster:
        # An object whose only events are unreadable makes no row, but is not forgotten either.
        if state.unread and state.object in kind.owned and not _is_gathered(state, made):
            letters = [_letter(kind, state.id, unread) for unread in state.unread]
            made.append(ProjectedRow(state.id, None, [state], letters))
    return made


def _is_gathered(state: State, made: Iterable[ProjectedRow]) -> bool:
    return any(state is other for one in made for other in one.own)


def _subjects(kind: Kind, cluster: Component) -> Iterator[Aggregate]:
    found = kind.subjects(cluster) if kind.subjects else each_of(kind.owns[0].name, cluster)
    yield from found


def _make(kind: Kind, subject: Aggregate, cluster: Component) -> ProjectedRow:
    letters = [_letter(kind, subject.id, unread) for s in subject.own for unread in s.unread]
    made = ProjectedRow(subject.id, None, subject.own, letters)
    if not subject.is_known:
        return made
    tally, values = subject.tally, subject.values
    declared: dict[str, Any] = {}
    for item in kind.fields:
        name, derive = item.name, item.derive
        if derive is None:
            declared[name] = values.get(name)
            continue
        try:
            value = derive(subject)
            declared[name] = value if item.type is not Type.INTEGER else _number(name, value)
        except (Unreadable, ArithmeticError, LookupError, TypeError, ValueError) as error:
            # The field's derivation failed on what its events told: this row, and no other.
            declared[name] = None if item.nullable else _NOTHING[item.type]
            letters.append(_failed(kind, subject, item, error))
    created = values.get("created")
    made.row = {
        "object": kind.object,
        "id": subject.id,
        "account": cluster.scope.account,
        "livemode": cluster.scope.livemode,
        "created": tally.first if created is None else created,
        "updated": tally.last,
        "position": tally.position,
        "events": tally.count,
        "stale": bool(letters),
        "metadata": subject.metadata,
        **declared,
    }
    return made


# What stands in a field that is never null while it cannot be worked out; the row is `stale`.
_NOTHING: Mapping[Type, Any] = {Type.INTEGER: 0, Type.LIST: [], Type.CODE: "unknown"}


def _number(name: str, value: Any) -> Any:
    # A sum may need more than the 64 bits of its parts.
    return coerce(Type.INTEGER, value, name)


def _letter(kind: Kind, id: str, unread: Unread) -> DeadLetter:
    return DeadLetter(kind.name, id, unread.event, unread.position, unread.error)


def _failed(kind: Kind, subject: Aggregate, item: Field, error: Exception) -> DeadLetter:
    newest = max((s.snapshot for s in subject.own if s.snapshot), key=lambda at: at[1])
    why = str(error) if isinstance(error, Unreadable) else f"{item.name}: {type(error).__name__}"
    return DeadLetter(kind.name, subject.id, newest[2], newest[1], why)
