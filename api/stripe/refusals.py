"""Why Stripe was not answered by, in one line each: never with the key, nor with what it shows."""

from __future__ import annotations

import re
from typing import Any

import stripe

from api.stripe.observed import observed_at
from ledger import LedgerError

__all__ = [
    "AccountGone",
    "KeyRefused",
    "MissingPermission",
    "NoSuchObject",
    "StripeRefused",
    "StripeUnreachable",
    "UnknownCursorAtStripe",
    "refusal",
]

# Stripe names a permission in one of these ways.
_PERMISSION = re.compile(
    r"Having the '(?:rak_)?(\w+)' permission|Enabling ([^']*?) ?\('(?:rak_)?(\w+)'\) permission"
)
_KEY = re.compile(r"\b[sr]k_(?:live|test)_[^\s'\"]*")
_TEXT_MAX = 300


class StripeRefused(LedgerError):
    """Stripe refuses what was asked; the text is one line."""


class StripeUnreachable(StripeRefused):
    """Stripe does not answer, or only with errors of its own, for now."""


class KeyRefused(StripeRefused):
    """Stripe does not accept the key at all."""


class MissingPermission(StripeRefused):
    """The key lacks a permission; ``permission`` is as Stripe names it: ``event_read``."""

    def __init__(self, permission: str, name: str, what: str) -> None:
        called = f" ({name})" if name else ""
        super().__init__(
            f"STRIPE_API_KEY lacks the permission {permission}{called}, without which {what} is"
            " refused; everything else works"
        )
        self.permission = permission


class AccountGone(StripeRefused):
    """A connected account is not, or no longer, connected."""


class NoSuchObject(StripeRefused):
    """There is no object with such an id, or no longer; as of ``observed_at``."""

    def __init__(self, text: str, observed_at: int) -> None:
        super().__init__(text)
        self.observed_at = observed_at


class UnknownCursorAtStripe(StripeRefused):
    """A list has no such item any more: the page after it cannot be asked for."""


def refusal(error: stripe.StripeError, what: str) -> StripeRefused:
    """The refusal that the library's error means; ``what`` was asked: ``GET /v1/events``."""
    match error:
        case stripe.AuthenticationError():
            return KeyRefused(
                "Stripe does not accept STRIPE_API_KEY (401): it is mistyped, revoked or expired"
            )
        case stripe.PermissionError():
            return _forbidden(error, what)
        case stripe.RateLimitError():
            return StripeUnreachable(f"Stripe still refuses {what} for too many requests (429)")
        case stripe.APIConnectionError():
            return StripeUnreachable(f"Stripe cannot be reached: {what} got no answer")
        case stripe.InvalidRequestError(param="starting_after" | "ending_before"):
            return UnknownCursorAtStripe(f"{what}: {_text(error)}")
        case stripe.InvalidRequestError(code="resource_missing", http_status=404):
            return NoSuchObject(f"{what}: {_text(error)}", observed_at(error.headers or {}))
    status = error.http_status
    if status is not None and status >= 500:
        return StripeUnreachable(f"Stripe answered {what} with an error of its own ({status})")
    return StripeRefused(f"Stripe refused {what} ({status}): {_text(error)}")


def _forbidden(error: stripe.StripeError, what: str) -> StripeRefused:
    permission = _PERMISSION.search(str(error.user_message))
    if permission is not None:
        older, name, newer = permission.groups()
        return MissingPermission(older or newer, name or "", what)
    # The library reads the code of other errors only.
    body: Any = error.json_body or {}
    if body.get("error", {}).get("code") == "account_invalid":
        return AccountGone(f"{what}: the account is not connected, or took its access away")
    return StripeRefused(f"STRIPE_API_KEY may not {what} (403): {_text(error)}")


def _text(error: stripe.StripeError) -> str:
    line = " ".join(str(error.user_message or "").split())
    return _KEY.sub("the key", line)[:_TEXT_MAX]
