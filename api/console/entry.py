"""The link that signs in once, for whoever starts a ledger and has its secrets."""

from __future__ import annotations

from urllib.parse import urlencode

from api.console.signing import Signing
from api.keys import static_reference

__all__ = ["entry_url"]


def entry_url(base: str, api_key: str, session_secret: str) -> str:
    """The console of a ledger, signed in with one of its static keys; it works once."""
    link = Signing([session_secret]).link(static_reference(api_key))
    return f"{base}/sign-in?{urlencode({'once': link})}"
