"""Between bodies and stored bytes: verbatim, unless a compressor or a cipher is set."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from eventsourcing.persistence import Mapper, StoredEvent

from ledger.store.record import LedgerStoredEvent, Recorded

__all__ = ["LedgerMapper"]


class LedgerMapper(Mapper[UUID]):
    """Stores a body as it was signed, under a topic that names Stripe's type, never a class."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The row of a ``Recorded``."""
        state = domain_event.body
        if self.compressor:
            state = self.compressor.compress(state)
        if self.cipher:
            state = self.cipher.encrypt(state)
        return LedgerStoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.topic,
            state=state,
            columns=domain_event.columns,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The ``Recorded`` of a row; topics are names, so no class is looked up by them."""
        return Recorded(
            originator_id=_uuid(stored_event.originator_id),
            originator_version=stored_event.originator_version,
            topic=stored_event.topic,
            body=self.decode(stored_event.state),
        )

    @property
    def is_verbatim(self) -> bool:
        """Whether bodies are stored as they are, without compressor and cipher."""
        return not (self.compressor or self.cipher)

    def decode(self, state: bytes) -> bytes:
        """The signed body of stored bytes."""
        if self.cipher:
            state = self.cipher.decrypt(state)
        if self.compressor:
            state = self.compressor.decompress(state)
        return state


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
