"""API keys: static ones from the settings, and those of ``ledger keys``, stored as hashes.

They are neither events nor rows of a projection, so they have a small table beside the log.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)

from api.telemetry.deferred import Deferred
from ledger import StoreUnavailable
from ledger.database import advisory_lock, read_transaction, write_transaction
from ledger.making import making_tables

Scope = Literal["read", "full"]

# How long a running process may still accept a revoked key, or refuse a new one.
CACHE_SECONDS = 5.0
_CACHE_ENTRIES_MAX = 1024
# How exactly it is stored when a key was last used, and how often each process writes that.
USED_SECONDS = 60

# The advisory lock's number: any that nothing else in the database uses.
_CREATE_LOCK = 0x6B657973

_TABLE = Table(
    "ledger_api_keys",
    MetaData(),
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", String(8), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key without its secret (times in Unix seconds; ``last_used_at`` to a minute)."""

    id: str
    name: str
    scope: Scope
    created_at: int
    revoked_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, by its key; a static key has the name of its variable, and no id."""

    name: str
    scope: Scope
    key_id: str | None = None


_STATIC_PREFIX = "static_"
_STATIC_CALLER = Caller("LEDGER_API_KEY", "full")


class KeyStore:
    """The keys created by ``ledger keys``, in the ledger's database.

    Every method raises ``StoreUnavailable`` where the database cannot be reached.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._exists = False
        self._cache: dict[str, tuple[Caller | None, float]] = {}
        self._lock = threading.Lock()
        self._used: dict[str, int] = {}
        self._write_seconds = 0.0
        self._writing = Deferred(self._write_used)

    def create_table(self) -> None:
        """Create the table if it is missing; safe from many processes at once."""
        with making_tables(self._engine) as connection:
            advisory_lock(connection, _CREATE_LOCK)
            _TABLE.metadata.create_all(connection)

    def create(self, name: str, scope: Scope) -> tuple[str, str]:
        """Create a key; returns its id and its secret, which cannot be read again."""
        self.create_table()
        key_id, secret = f"key_{secrets.token_hex(8)}", f"lk_{secrets.token_urlsafe(32)}"
        row = {"id": key_id, "name": name, "scope": scope, "sha256": _hash(secret)}
        with write_transaction(self._engine) as connection:
            connection.execute(insert(_TABLE).values(**row, created_at=int(time.time())))
        return key_id, secret

    def list(self) -> Sequence[ApiKey]:
        """Every key ever created, including revoked ones, oldest first."""
        with read_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return []
            order = select(_TABLE).order_by(_TABLE.c.created_at, _TABLE.c.id)
            rows = connection.execute(order).mappings().all()
        names = ApiKey.__dataclass_fields__
        return [ApiKey(**{name: row[name] for name in names}) for row in rows]

    def revoke(self, key_id: str) -> bool:
        """Revoke a key for good; False if there is no such key or it is revoked already."""
        self._cache.clear()
        with write_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return False
            is_active = (_TABLE.c.id == key_id) & _TABLE.c.revoked_at.is_(None)
            result = connection.execute(
                update(_TABLE).where(is_active).values(revoked_at=int(time.time()))
            )
            return result.rowcount == 1

    def caller(self, secret: str) -> Caller | None:
        """Who has the key with this secret; None if it is unknown or revoked.

        The result is cached for ``CACHE_SECONDS``.
        """
        return self._cached(_TABLE.c.sha256, _hash(secret))

    def caller_with_id(self, key_id: str) -> Caller | None:
        """Who has the key with this id; None if it is unknown or revoked. Cached as well."""
        return self._cached(_TABLE.c.id, key_id)

    def _cached(self, column: Column[str], text: str) -> Caller | None:
        # No id looks like a hash, so both may be in one cache.
        current_seconds = time.monotonic()
        caller, expires_at = self._cache.get(text, (None, 0.0))
        if current_seconds >= expires_at:
            caller = self._look_up(column, text)
            with self._lock:
                if len(self._cache) >= _CACHE_ENTRIES_MAX:  # guessed keys must not fill the memory
                    self._cache.clear()
                self._cache[text] = (caller, current_seconds + CACHE_SECONDS)
        if caller is not None and caller.key_id is not None:
            self._note_use(caller.key_id, current_seconds)
        return caller

    def _note_use(self, key_id: str, current_seconds: float) -> None:
        """Remember it; once a minute all of it is written, by another thread."""
        self._used[key_id] = int(time.time())
        if current_seconds >= self._write_seconds:
            self._write_seconds = current_seconds + USED_SECONDS
            self._writing.schedule()

    def _write_used(self) -> None:
        used, self._used = self._used, {}
        with suppress(StoreUnavailable), write_transaction(self._engine) as connection:
            for key_id, seconds in list(used.items()):
                last = _TABLE.c.last_used_at
                is_older = last.is_(None) | (last <= seconds - USED_SECONDS)
                connection.execute(
                    update(_TABLE)
                    .where((_TABLE.c.id == key_id) & is_older)
                    .values(last_used_at=seconds)
                )

    def _look_up(self, column: Column[str], text: str) -> Caller | None:
        with read_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return None
            is_active = (column == text) & _TABLE.c.revoked_at.is_(None)
            row = connection.execute(select(_TABLE).where(is_active)).mappings().first()
        if row is None or not hmac.compare_digest(row[column.name], text):
            return None
        scope: Scope = "full" if row["scope"] == "full" else "read"
        return Caller(row["name"] or row["id"], scope, row["id"])

    def _table_exists(self, connection: Connection) -> bool:
        """Whether the table exists; it does not before the first key is created."""
        self._exists = self._exists or inspect(connection).has_table(_TABLE.name)
        return self._exists


class Keys:
    """All accepted keys: the static ones of the settings, of full scope, and the stored ones."""

    def __init__(self, static: Sequence[str], store: KeyStore) -> None:
        self._static = [sha256(key.encode()).digest() for key in static]
        self._store = store

    def caller(self, secret: str) -> Caller | None:
        """Who has the key, or None; static keys need no database."""
        digest = sha256(secret.encode(errors="surrogateescape")).digest()
        return _STATIC_CALLER if self._is_static(digest) else self._store.caller(secret)

    def reference(self, secret: str) -> str | None:
        """What a session remembers of a valid key: its id, or the hash of a static one's hash."""
        digest = sha256(secret.encode(errors="surrogateescape")).digest()
        if self._is_static(digest):
            return _static_reference(digest)
        caller = self._store.caller(secret)
        return None if caller is None else caller.key_id

    def caller_of(self, reference: str) -> Caller | None:
        """Who has the key of a reference, or None where it is not accepted any more."""
        if not reference.startswith(_STATIC_PREFIX):
            return self._store.caller_with_id(reference)
        known = [_static_reference(digest) for digest in self._static]
        return _STATIC_CALLER if reference in known else None

    def stored(self) -> Sequence[ApiKey]:
        """The keys of ``ledger keys``, also revoked ones, oldest first."""
        return self._store.list()

    def _is_static(self, digest: bytes) -> bool:
        # All of them are compared, so that the time says nothing of which it is.
        return sum(hmac.compare_digest(digest, known) for known in self._static) > 0


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="surrogateescape")).hexdigest()


def static_reference(key: str) -> str:
    """What a session remembers of a static key."""
    return _static_reference(sha256(key.encode()).digest())


def _static_reference(digest: bytes) -> str:
    return _STATIC_PREFIX + sha256(digest).hexdigest()[:32]
