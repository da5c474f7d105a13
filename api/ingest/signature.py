"""Stripe's signature: the header's grammar, the HMAC over the raw bytes, the time window."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

import stripe

HEADER_CHARACTERS_MAX = 4096
SIGNATURES_MAX = 16

_ITEM = re.compile(r"([A-Za-z0-9_]+)=([!-+\--~]*)", re.ASCII)
# No leading zero: Stripe never sends one, and its library signs the number, not the digits.
_TIMESTAMP = re.compile(r"(?:0|[1-9][0-9]{0,11})", re.ASCII)
_V1 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Fault(StrEnum):
    """Why a signature is not valid; for the log and the metrics, never for the sender."""

    NO_HEADER = "no_header"
    MALFORMED_HEADER = "malformed_header"
    NO_MATCH = "no_match"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"


class NotVerified(Exception):
    """The delivery does not carry a valid signature of Stripe's."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class NamedSecret(Protocol):
    """A webhook signing secret, with a name that logs and metrics may show."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Signature:
    """A well-formed header: its time, as the text that was signed, and every ``v1`` signature."""

    timestamp: str
    v1: tuple[str, ...]

    @property
    def header(self) -> str:
        """The header rebuilt from the parsed parts, for Stripe's library."""
        return ",".join([f"t={self.timestamp}", *(f"v1={signature}" for signature in self.v1)])


def parse(header: str | None) -> Signature:
    """Parse the header strictly, before any library sees it; raises ``NotVerified``.

    Two headers arrive joined by a comma, so with two ``t``, and are refused. Schemes other than
    ``t`` and ``v1`` are ignored.
    """
    if header is None:
        raise NotVerified(Fault.NO_HEADER)
    if len(header) > HEADER_CHARACTERS_MAX:
        raise NotVerified(Fault.MALFORMED_HEADER)
    items = [_ITEM.fullmatch(item) for item in header.split(",")]
    pairs = [item.groups() for item in items if item is not None]
    timestamps = [value for scheme, value in pairs if scheme == "t"]
    signatures = tuple(value for scheme, value in pairs if scheme == "v1")
    if (
        len(pairs) != len(items)
        or len(timestamps) != 1
        or not _TIMESTAMP.fullmatch(timestamps[0])
        or not 1 <= len(signatures) <= SIGNATURES_MAX
        or not all(_V1.fullmatch(signature) for signature in signatures)
    ):
        raise NotVerified(Fault.MALFORMED_HEADER)
    return Signature(timestamps[0], signatures)


def verify(
    signature: Signature,
    body: bytes,
    secrets: Sequence[NamedSecret],
    *,
    current_seconds: float,
    tolerance_seconds: int,
) -> str:
    """The name of the secret that signed the body; raises ``NotVerified``.

    ``current_seconds`` is the time of receipt in Unix seconds.
    """
    name = _name_of_signer(signature, body, secrets)
    if name is None:
        raise NotVerified(Fault.NO_MATCH)
    # Fractions of a second count, as in Stripe's library: what we accept, it accepts too.
    if int(signature.timestamp) < current_seconds - tolerance_seconds:
        raise NotVerified(Fault.TOO_OLD)
    if int(signature.timestamp) > current_seconds + tolerance_seconds:
        raise NotVerified(Fault.TOO_NEW)
    return name


def _name_of_signer(
    signature: Signature, body: bytes, secrets: Sequence[NamedSecret]
) -> str | None:
    """The first secret that matches; all are compared, so that the time taken reveals nothing."""
    names = [secret.name for secret in secrets if _is_signed_with(secret.value, signature, body)]
    return names[0] if names else None


def _is_signed_with(secret: str, signature: Signature, body: bytes) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # Stripe's library verifies text only; a signed body that is not text goes to quarantine.
        return _are_bytes_signed_with(secret, signature, body)
    # Without a tolerance: the library checks only one side of the window, by its own clock.
    try:
        stripe.WebhookSignature.verify_header(text, signature.header, secret, tolerance=None)
    except stripe.SignatureVerificationError:
        return False
    return True


def _are_bytes_signed_with(secret: str, signature: Signature, body: bytes) -> bool:
    signed = signature.timestamp.encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, sha256).hexdigest().encode()
    return any(hmac.compare_digest(expected, v1.encode()) for v1 in signature.v1)
