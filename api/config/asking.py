"""Whether a ledger asks Stripe for what webhooks do not bring."""

from __future__ import annotations

from api.config.settings import Settings

__all__ = ["asks_stripe"]


def asks_stripe(settings: Settings) -> bool:
    """Whether `ledger serve` has a process that asks."""
    return settings.stripe_api_key is not None and settings.sweep_minutes > 0
