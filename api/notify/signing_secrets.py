"""The secrets of a subscriber: made here, and as they are stored."""

from __future__ import annotations

import base64
import json
import secrets
import time

__all__ = ["new_secret", "valid_secrets"]

_SECRET_BYTES = 32


def new_secret() -> str:
    """A secret as Standard Webhooks wants it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def valid_secrets(stored: str) -> list[str]:
    """Those of a stored list of secrets that are valid now, the newest first."""
    seconds, entries = time.time(), json.loads(stored)
    return [each["secret"] for each in entries if each["until"] is None or each["until"] > seconds]
