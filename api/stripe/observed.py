"""As of when an answer of Stripe's is, by Stripe's own clock."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

__all__ = ["SECONDS", "observed_at"]

SECONDS = "Ledger-Seconds"
"""How long an answer was waited for, among its headers: each attempt has its own."""


def observed_at(headers: Mapping[str, str]) -> int:
    """The second at which an answer was so: its ``Date`` less the time it took, rounded down.

    By Stripe's clock, for ours may be ahead: then an event of later would be taken for older.
    """
    date = headers.get("Date")
    answered_at = time.time() if date is None else parsedate_to_datetime(date).timestamp()
    return math.floor(answered_at - float(headers.get(SECONDS, 0)))
