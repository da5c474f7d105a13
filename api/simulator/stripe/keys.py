"""API keys of our own Stripe: of one mode, and restricted to some permissions or to none."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Key"]


@dataclass(frozen=True, slots=True)
class Key:
    """A secret key, or with `permissions` a restricted one that has only these.

    A permission is named as Stripe names it: `event_read`, `webhook_write`.
    """

    secret: str
    permissions: frozenset[str] | None = None

    @property
    def livemode(self) -> bool:
        """Its mode, which its beginning says: sk_live_…, rk_test_…"""
        return "_live_" in self.secret

    def has(self, permission: str) -> bool:
        """Whether it has a permission; who may write may read."""
        if self.permissions is None:
            return True
        writing = permission.replace("_read", "_write")
        return permission in self.permissions or writing in self.permissions
