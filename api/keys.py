"""API keys: static ones from the settings, and those of ``ledger keys``, stored as hashes.

They are neither events nor rows of a projection, so they have a small table beside the log.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Sequence
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

from ledger.database import advisory_lock, read_transaction, write_transaction

Scope = Literal["read", "full"]

# How long a running process may still accept a revoked key, or refuse a new one.
CACHE_SECONDS = 5.0
_CACHE_ENTRIES_MAX = 1024

# The advisory lock's number: any that nothing else in the database uses.
_CREATE_LOCK = 0x6B657973

_TABLE = Table(
    "api_keys",
    MetaData(),
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", String(8), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key without its secret (times in Unix seconds)."""

    id: str
    name: str
    scope: Scope
    created_at: int
    revoked_at: int | None


class KeyStore:
    """The keys created by ``ledger keys``, in the ledger's database.

    Every method raises ``StoreUnavailable`` where the database cannot be reached.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._exists = False
        self._cache: dict[str, tuple[Scope | None, float]] = {}
        self._lock = threading.Lock()

    def create_table(self) -> None:
        """Create the table if it is missing; safe from many processes at once."""
        with write_transaction(self._engine) as connection:
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

    def scope_of(self, secret: str) -> Scope | None:
        """The scope of the key with this secret; None if it is unknown or revoked.

        The result is cached for ``CACHE_SECONDS``.
        """
        digest, current_seconds = _hash(secret), time.monotonic()
        scope, expires_at = self._cache.get(digest, (None, 0.0))
        if current_seconds < expires_at:
            return scope
        scope = self._look_up(digest)
        with self._lock:
            if len(self._cache) >= _CACHE_ENTRIES_MAX:  # guessed keys must not fill the memory
                self._cache.clear()
            self._cache[digest] = (scope, current_seconds + CACHE_SECONDS)
        return scope

    def _look_up(self, digest: str) -> Scope | None:
        with read_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return None
            is_active = (_TABLE.c.sha256 == digest) & _TABLE.c.revoked_at.is_(None)
            query = select(_TABLE.c.sha256, _TABLE.c.scope).where(is_active)
            row = connection.execute(query).first()
        if row is None or not hmac.compare_digest(row.sha256, digest):
            return None
        return "full" if row.scope == "full" else "read"

    def _table_exists(self, connection: Connection) -> bool:
        """Whether the table exists; it does not before the first key is created."""
        self._exists = self._exists or inspect(connection).has_table(_TABLE.name)
        return self._exists


class Keys:
    """All accepted keys: the static ones of the settings, of full scope, and the stored ones."""

    def __init__(self, static: Sequence[str], store: KeyStore) -> None:
        self._static = [sha256(key.encode()).digest() for key in static]
        self._store = store

    def scope_of(self, secret: str) -> Scope | None:
        """The key's scope, or None; static keys need no database."""
        digest = sha256(secret.encode(errors="surrogateescape")).digest()
        matches = [hmac.compare_digest(digest, known) for known in self._static]
        return "full" if any(matches) else self._store.scope_of(secret)


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="surrogateescape")).hexdigest()
