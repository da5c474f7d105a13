"""What the console signs: its cookie, the tokens of its forms, and links that sign in once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256

from itsdangerous import BadSignature, Signer, TimestampSigner

__all__ = ["LINK_SECONDS", "Signing"]

# How long a link signs in; a session that was not used ends as soon.
LINK_SECONDS = 12 * 3600


class Signing:
    """Signs with the first of several secrets, and accepts all of them."""

    def __init__(self, session_secrets: Sequence[str]) -> None:
        # The library signs with the last.
        self._keys = [secret.encode() for secret in reversed(session_secrets)]

    def __bool__(self) -> bool:
        """Whether there is any secret to sign with."""
        return bool(self._keys)

    def cookie(self, token: str) -> str:
        """The cookie's value for a token."""
        return self._signer().sign(token).decode()

    def token(self, cookie: str) -> str | None:
        """The token in a cookie; None if nobody here signed it."""
        try:
            return self._signer().unsign(cookie).decode()
        except (BadSignature, UnicodeError):
            return None

    def form_token(self, token: str) -> str:
        """What the forms of a session carry: another site cannot know it."""
        return hmac.new(self._keys[-1], b"form " + token.encode(), sha256).hexdigest()

    def is_form_token(self, text: str, token: str) -> bool:
        """Whether a form was made for a session, with any of the secrets."""
        tokens = [
            hmac.new(key, b"form " + token.encode(), sha256).hexdigest() for key in self._keys
        ]
        form_bytes = text.encode(errors="replace")
        return sum(hmac.compare_digest(form_bytes, each.encode()) for each in tokens) > 0

    def link(self, key: str) -> str:
        """What a link carries that signs in once, with a key by its reference."""
        return self._link_signer().sign(f"{key}/{secrets.token_urlsafe(16)}").decode()

    def key_of_link(self, text: str) -> tuple[str, str] | None:
        """The key's reference and the nonce of a link; None if nobody here signed it of late."""
        try:
            signed = self._link_signer().unsign(text, max_age=LINK_SECONDS).decode()
        except (BadSignature, UnicodeError):
            return None
        key, _, nonce = signed.partition("/")
        return key, nonce

    def _signer(self) -> Signer:
        return Signer(self._keys, salt="ledger.console", digest_method=sha256)

    def _link_signer(self) -> TimestampSigner:
        return TimestampSigner(self._keys, salt="ledger.console.link", digest_method=sha256)
