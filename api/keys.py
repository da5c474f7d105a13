"""API keys: the static ones, and those made by ``ledger keys``, of which only hashes are kept.

They are neither facts nor conclusions, so they live beside the log in a small table of their own.
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

# How long a revoked key may still be taken, and a new one refused, by a running process.
CACHE_SECONDS = 5.0
_CACHE_ENTRIES_MAX = 1024

# Any number that nothing else in the database uses.
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
    """What is known of a key (times in Unix seconds); the secret is not."""

    id: str
    name: str
    scope: Scope
    created_at: int
    revoked_at: int | None


class KeyStore:
    """The keys made by ``ledger keys``, in the ledger's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._exists = False
        self._cache: dict[str, tuple[Scope | None, float]] = {}
        self._lock = threading.Lock()

    def create_table(self) -> None:
        """Make the table if it is missing; any number of processes may do so at once."""
        with write_transaction(self._engine) as connection:
            advisory_lock(connection, _CREATE_LOCK)
            _TABLE.metadata.create_all(connection)

    def create(self, name: str, scope: Scope) -> tuple[str, str]:
        """A new key: its id, and the secret that is shown this once."""
        self.create_table()
        key_id, secret = f"key_{secrets.token_hex(8)}", f"lk_{secrets.token_urlsafe(32)}"
        row = {"id": key_id, "name": name, "scope": scope, "sha256": _hash(secret)}
        with write_transaction(self._engine) as connection:
            connection.execute(insert(_TABLE).values(**row, created_at=int(time.time())))
        return key_id, secret

    def list(self) -> Sequence[ApiKey]:
        """Every key ever made, revoked ones too, oldest first."""
        with read_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return []
            order = select(_TABLE).order_by(_TABLE.c.created_at, _TABLE.c.id)
            rows = connection.execute(order).mappings().all()
        names = ApiKey.__dataclass_fields__
        return [ApiKey(**{name: row[name] for name in names}) for row in rows]

    def revoke(self, key_id: str) -> bool:
        """End a key for good; False where there is no such living key."""
        self._cache.clear()
        with write_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return False
            living = (_TABLE.c.id == key_id) & _TABLE.c.revoked_at.is_(None)
            done = connection.execute(
                update(_TABLE).where(living).values(revoked_at=int(time.time()))
            )
            return done.rowcount == 1

    def scope_of(self, secret: str) -> Scope | None:
        """How far a secret reaches; None for one that is unknown or revoked."""
        digest, now = _hash(secret), time.monotonic()
        scope, expires = self._cache.get(digest, (None, 0.0))
        if now < expires:
            return scope
        scope = self._look_up(digest)
        with self._lock:
            if len(self._cache) >= _CACHE_ENTRIES_MAX:  # guesses must not fill the memory
                self._cache.clear()
            self._cache[digest] = (scope, now + CACHE_SECONDS)
        return scope

    def _look_up(self, digest: str) -> Scope | None:
        with read_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return None
            living = (_TABLE.c.sha256 == digest) & _TABLE.c.revoked_at.is_(None)
            row = connection.execute(select(_TABLE.c.sha256, _TABLE.c.scope).where(living)).first()
        if row is None or not hmac.compare_digest(row.sha256, digest):
            return None
        return "full" if row.scope == "full" else "read"

    def _table_exists(self, connection: Connection) -> bool:
        """No table: nobody has made a key yet."""
        self._exists = self._exists or inspect(connection).has_table(_TABLE.name)
        return self._exists


class Keys:
    """Every key that is taken: the settings' ones, of full scope, and the stored ones."""

    def __init__(self, static: Sequence[str], store: KeyStore) -> None:
        self._static = [sha256(key.encode()).digest() for key in static]
        self._store = store

    def scope_of(self, secret: str) -> Scope | None:
        """How far the key reaches; the static ones need no database."""
        digest = sha256(secret.encode(errors="surrogateescape")).digest()
        matches = [hmac.compare_digest(digest, known) for known in self._static]
        return "full" if any(matches) else self._store.scope_of(secret)


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="surrogateescape")).hexdigest()
