"""How long a transaction on PostgreSQL may take, so that no frozen host holds up the others."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BATCHES", "OWN_SESSION", "READS", "Limits", "Pooling", "of_appends"]


# A setting of no meaning to the server, by which a session shows that it took those it was given.
OWN_SESSION = "ledger.own_session"


@dataclass(frozen=True, slots=True)
class Limits:
    """Milliseconds that a transaction may wait for a lock, run one statement, and do nothing; 0:
    without end. ``is_durable``: a commit waits for the disk, whatever the server's default is.
    ``plans_each``: a query is planned for its values, however often it is repeated with others.
    """

    lock_ms: int = 3000
    statement_ms: int = 0
    idle_ms: int = 0
    is_durable: bool = True
    plans_each: bool = False

    @property
    def settings(self) -> dict[str, str | int]:
        """PostgreSQL's settings of them, and those by which it notices that a client is gone."""
        return {
            "lock_timeout": self.lock_ms,
            "statement_timeout": self.statement_ms,
            "idle_in_transaction_session_timeout": self.idle_ms,
            "synchronous_commit": "on" if self.is_durable else "off",
            "plan_cache_mode": "force_custom_plan" if self.plans_each else "auto",
            "tcp_keepalives_idle": 5,
            "tcp_keepalives_interval": 2,
            "tcp_keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        }


def of_appends(lock_ms: int) -> Limits:
    """An append holds the log's lock: whoever freezes within loses it soon."""
    return Limits(lock_ms, statement_ms=10_000, idle_ms=5_000)


# What people ask over HTTP: rather an error than a connection that is gone for minutes. An account
# may have few rows or most of them: no plan is good for both.
READS = Limits(statement_ms=15_000, idle_ms=30_000, plans_each=True)
# Following, rebuilding and checking: much work between two statements, and long statements.
BATCHES = Limits(lock_ms=5_000, idle_ms=600_000)


@dataclass
class Pooling:
    """Whether the server is behind a pooler, which refuses or drops what a session begins with.

    Then every transaction makes its own: a session is shared with others.
    """

    limits: Limits
    is_pooled: bool = False

    @property
    def prelude(self) -> str:
        """What a transaction begins with; empty where the session has the settings."""
        if not self.is_pooled:
            return ""
        values = self.limits.settings.items()
        return "SELECT " + ", ".join(f"set_config('{key}', '{v}', true)" for key, v in values)
