"""Subscribers: who is handed which notifications, from where on, and with which secrets."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.notify.addresses import DEFAULT_NETWORKS, Networks, check_url
from api.notify.errors import SubscriberRefused, UnknownSubscriber
from api.notify.signing_secrets import new_secret, valid_secrets
from api.notify.tables import ATTEMPTS, DELIVERIES, SUBSCRIBERS, lock_subscribers
from api.notify.types import check_types, matches
from ledger.database import read_transaction, write_transaction
from projections.tables.lease import database_seconds

__all__ = [
    "CONCURRENCY",
    "CONCURRENCY_MAX",
    "Begin",
    "State",
    "Subscriber",
    "Subscribers",
    "subscriber_of",
]

State = Literal["active", "paused", "disabled"]
# Where a subscriber begins: behind the log's head, with its first event, or behind a position.
Begin = Literal["now", "beginning"] | int

CONCURRENCY = 8
_HANDLER_CONCURRENCY = 2
CONCURRENCY_MAX = 64
# After a rotation the secret before signs as well, for so long.
_ROTATION_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscriber without its secrets.

    ``created_at`` is in microseconds; ``resumes_at`` and ``failing_since`` are in the database's
    seconds. ``cursor`` is the position up to which its deliveries are filled.
    """

    id: str
    created_at: int
    name: str | None
    url: str | None
    handler: str | None
    types: tuple[str, ...]
    history: bool
    concurrency: int
    state: State
    reason: str | None
    begins_at: int
    cursor: int
    resumes_at: float
    failing_since: float | None
    delivered: int
    failed: int

    def wants(self, type: str) -> bool:
        """Whether it is handed notifications of a type."""
        return matches(self.types, type)


class Subscribers:
    """The subscribers of a ledger; every method raises ``StoreUnavailable`` without a database."""

    def __init__(
        self,
        engine: Engine,
        *,
        head: Callable[[], int],
        types: Collection[str],
        networks: Networks | None = None,
    ) -> None:
        """``head`` returns the position of the log's head; ``types`` are those that are declared;
        ``networks`` are where URLs may lead beside public addresses."""
        self._engine = engine
        self._head = head
        self._types = types
        self._networks = networks or Networks.read(DEFAULT_NETWORKS)

    def add(
        self,
        url: str,
        types: Iterable[str],
        *,
        begin: Begin = "now",
        name: str | None = None,
        history: bool = False,
        concurrency: int = CONCURRENCY,
    ) -> tuple[Subscriber, str]:
        """Add an HTTP endpoint; returns it and its secret, which is shown this once.

        Raises ``SubscriberRefused``.
        """
        secret = new_secret()
        values = {
            "url": check_url(url, self._networks),
            "types": json.dumps(check_types(types, self._types)),
            "name": name,
            "history": history,
            "concurrency": _checked_concurrency(concurrency),
            "secrets": json.dumps([{"secret": secret, "until": None}]),
        }
        return self._insert(values, self._position(begin)), secret

    def add_handler(self, pattern: str) -> Subscriber:
        """The subscriber of an entry of HANDLERS; it begins now where it is new."""
        known = select(SUBSCRIBERS).where(SUBSCRIBERS.c.handler == pattern)
        with read_transaction(self._engine) as connection:
            row = connection.execute(known).first()
        if row is not None:
            return subscriber_of(row)
        values = {
            "handler": pattern,
            "types": json.dumps(check_types([pattern], self._types)),
            "history": False,
            "concurrency": _HANDLER_CONCURRENCY,
            "secrets": "[]",
        }
        try:
            return self._insert(values, self._head())
        except Exception as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            return self.add_handler(pattern)  # another process was first

    def get(self, id: str) -> Subscriber:
        """One subscriber; raises ``UnknownSubscriber``."""
        with read_transaction(self._engine) as connection:
            return _get(connection, id)

    def list(self) -> list[Subscriber]:
        """All of them, the newest first: there are few."""
        order = (SUBSCRIBERS.c.created_at.desc(), SUBSCRIBERS.c.id.desc())
        with read_transaction(self._engine) as connection:
            rows = connection.execute(select(SUBSCRIBERS).order_by(*order)).all()
        return [subscriber_of(row) for row in rows]

    def update(
        self,
        id: str,
        *,
        url: str | None = None,
        types: Iterable[str] | None = None,
        name: str | None = None,
        history: bool | None = None,
        concurrency: int | None = None,
    ) -> Subscriber:
        """Change what is given; new types hold from the cursor on. Raises ``SubscriberRefused``."""
        values: dict[str, Any] = {"name": name, "history": history}
        if url is not None:
            values["url"] = check_url(url, self._networks)
        if concurrency is not None:
            values["concurrency"] = _checked_concurrency(concurrency)
        if types is not None:
            values["types"] = json.dumps(check_types(types, self._types))
        values = {name: value for name, value in values.items() if value is not None}
        with write_transaction(self._engine) as connection:
            before = _get(connection, id)
            if before.handler is not None and {"url", "types"} & values.keys():
                raise SubscriberRefused(
                    "a handler's types are declared in its module", parameter="types"
                )
            if types is not None:
                # What of the new types lies before was not forgotten, but not asked for.
                values["begins_at"] = before.cursor
            return _set(connection, id, values)

    def pause(self, id: str, reason: str | None = None) -> Subscriber:
        """Hand nothing out to it until it is resumed; nothing is dropped."""
        with write_transaction(self._engine) as connection:
            return _set(connection, id, {"state": "paused", "reason": reason})

    def resume(self, id: str) -> Subscriber:
        """Go on where it stood, also after it was disabled; what waits for a retry is due now.

        Raises ``SubscriberRefused`` where it has no secret: an import brings none.
        """
        with write_transaction(self._engine) as connection:
            lock_subscribers(connection, [id])
            if _get(connection, id).url is not None and not _secrets(connection, id):
                raise SubscriberRefused(f"{id} has no secret: rotate it first", parameter="status")
            seconds = database_seconds(connection)
            due_at = DELIVERIES.c.due_at
            waiting = (DELIVERIES.c.subscriber == id, due_at > seconds)
            connection.execute(update(DELIVERIES).where(*waiting).values(due_at=seconds))
            values = {"state": "active", "reason": None, "failing_since": None, "resumes_at": 0.0}
            return _set(connection, id, values)

    def remove(self, id: str) -> None:
        """Forget it, with its deliveries and attempts; raises ``UnknownSubscriber``."""
        with write_transaction(self._engine) as connection:
            lock_subscribers(connection, [id])
            _get(connection, id)
            connection.execute(delete(DELIVERIES).where(DELIVERIES.c.subscriber == id))
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.subscriber == id))
            connection.execute(delete(SUBSCRIBERS).where(SUBSCRIBERS.c.id == id))

    def rotate(self, id: str) -> str:
        """Give it a new secret, which is returned this once; the one before signs for a day more.

        Raises ``SubscriberRefused`` for a handler, which has none.
        """
        secret, until = new_secret(), int(time.time()) + _ROTATION_SECONDS
        with write_transaction(self._engine) as connection:
            lock_subscribers(connection, [id])
            if _get(connection, id).url is None:
                raise SubscriberRefused("a handler has no secret", parameter="secret")
            before = [{"secret": each, "until": until} for each in _secrets(connection, id)[:1]]
            both = json.dumps([{"secret": secret, "until": None}, *before])
            _set(connection, id, {"secrets": both})
        return secret

    def secrets(self, id: str) -> Sequence[str]:
        """The secrets that are valid now, the newest first; for whoever signs."""
        with read_transaction(self._engine) as connection:
            return _secrets(connection, id)

    def _position(self, begin: Begin) -> int:
        if begin == "beginning":
            return 0
        head = self._head()
        if begin == "now":
            return head
        if not 0 <= begin <= head:
            raise SubscriberRefused(
                f"the position {begin} is not in the log, which ends at {head}", parameter="from"
            )
        return begin

    def _insert(self, values: Mapping[str, Any], position: int) -> Subscriber:
        row = {
            "id": f"rcv_{secrets.token_hex(12)}",
            "created_at": time.time_ns() // 1000,
            "state": "active",
            "begins_at": position,
            "cursor": position,
            "resumes_at": 0.0,
            "delivered": 0,
            "failed": 0,
            **values,
        }
        with write_transaction(self._engine) as connection:
            connection.execute(insert(SUBSCRIBERS).values(**row))
            return _get(connection, str(row["id"]))


def _get(connection: Connection, id: str) -> Subscriber:
    row = connection.execute(select(SUBSCRIBERS).where(SUBSCRIBERS.c.id == id)).first()
    if row is None:
        raise UnknownSubscriber(f"there is no subscriber {id}")
    return subscriber_of(row)


def _set(connection: Connection, id: str, values: Mapping[str, Any]) -> Subscriber:
    if values:
        connection.execute(update(SUBSCRIBERS).where(SUBSCRIBERS.c.id == id).values(**values))
    return _get(connection, id)


def _secrets(connection: Connection, id: str) -> list[str]:
    query = select(SUBSCRIBERS.c.secrets).where(SUBSCRIBERS.c.id == id)
    return valid_secrets(connection.execute(query).scalar() or "[]")


def subscriber_of(row: Row[Any]) -> Subscriber:
    """The subscriber that a row of the table says."""
    values = {name: getattr(row, name) for name in Subscriber.__dataclass_fields__}
    return Subscriber(**{**values, "types": tuple(json.loads(row.types))})


def _checked_concurrency(concurrency: int) -> int:
    if not 1 <= concurrency <= CONCURRENCY_MAX:
        raise SubscriberRefused(
            f"concurrency must be from 1 to {CONCURRENCY_MAX}", parameter="concurrency"
        )
    return concurrency
