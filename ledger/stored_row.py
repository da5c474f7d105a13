"""A stored row as verification reads it: any values at all, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_type_hints
from uuid import UUID

from ledger.chain import link
from ledger.event import RECEIVED_AT_MAX, SOURCES, Reason, quarantine, read_delivery
from ledger.log import Log
from ledger.recorded import COLUMNS, RecordedEvent
from ledger.store.batch import envelope_of, topic_of

__all__ = ["StoredRow"]

# The types that an append writes into each of the columns.
_TYPES = [
    get_args(type_) or (type_,)
    for type_ in list(get_type_hints(RecordedEvent).values())[: len(COLUMNS)]
]
_LIVEMODE = COLUMNS.index("livemode")


class StoredRow:
    """The values of ``COLUMNS``, the stream and the topic of a row, as the driver returns them."""

    __slots__ = ("_stream", "_topic", "_values", "chain", "position")

    def __init__(self, values: Sequence[Any]) -> None:
        *fields, stream, self._topic = values
        # SQLite has neither booleans nor UUIDs.
        if type(fields[_LIVEMODE]) is int and fields[_LIVEMODE] in (0, 1):
            fields[_LIVEMODE] = bool(fields[_LIVEMODE])
        is_uuid = isinstance(stream, bytes) and len(stream) == 16
        self._stream = UUID(bytes=stream) if is_uuid else stream
        self._values = fields
        stored = RecordedEvent._make((*fields, 0))
        self.position: int = stored.position
        self.chain = stored.chain if isinstance(stored.chain, bytes) else b""

    def problems(self, previous_chain: bytes, log: Log) -> list[str]:
        """What contradicts the chain value of the row before, or the row's own body."""
        impossible = [
            name
            for name, value, types in zip(COLUMNS, self._values, _TYPES, strict=True)
            if type(value) not in types or (type(value) is str and not _is_text(value))
        ]
        stored = RecordedEvent._make((*self._values, 0))
        if not impossible and not 0 <= stored.received_at <= RECEIVED_AT_MAX:
            impossible.append("received_at")
        if impossible:
            return [f"column {name} holds what no append writes" for name in impossible]
        problems = []
        chain = link(
            previous_chain,
            position=stored.position,
            event_id=stored.event_id,
            received_at=stored.received_at,
            source=stored.source,
            type=stored.type,
            state=stored.body,
        )
        if chain != stored.chain:
            problems.append(
                "the chain does not match: the body, id, type, time, source or an earlier row was"
                " altered"
            )
        try:
            event = log.decoded(stored)
        except Exception as error:
            # Whatever a compressor or a cipher raises for bytes that it did not make.
            return [*problems, f"the body cannot be decoded: {type(error).__name__}"]
        altered = _altered_columns(event, self._stream, self._topic)
        return problems + [f"column {name} does not match the body" for name in altered]


def _is_text(value: str) -> bool:
    return value.isascii() or value.encode("utf-8", "replace").decode() == value


def _altered_columns(event: RecordedEvent, stream: Any, topic: Any) -> list[str]:
    fact = read_delivery(event.body, source=event.source)
    if event.is_quarantined:
        reason = event.reason
        if reason not in list(Reason):
            return ["type"]
        fact = quarantine(event.body, Reason(reason))
    expected = envelope_of(fact, received_at=event.received_at, source=event.source)
    altered = [name for name, value in expected.items() if getattr(event, name) != value]
    if fact.originator_id != stream:
        altered.append("originator_id")
    if topic_of(fact) != topic:
        altered.append("topic")
    if event.source not in SOURCES:
        altered.append("source")
    return altered
