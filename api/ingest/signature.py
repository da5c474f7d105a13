"""Stripe's signature: the grammar of the header, the HMAC over the raw bytes, the time window."""

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
    """Why a delivery is not verified; for the log and the metrics, never for the sender."""

    NO_HEADER = "no_header"
    MALFORMED_HEADER = "malformed_header"
    NO_MATCH = "no_match"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"


class NotVerified(Exception):
    """The delivery is not known to be Stripe's."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class NamedSecret(Protocol):
    """A webhook signing secret and the name that logs and metrics may show."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Signature:
    """A well-formed header: the time as it was signed, and every ``v1``."""

    timestamp: str
    v1: tuple[str, ...]

    @property
    def header(self) -> str:
        """The header again, with nothing but what was understood of it."""
        return ",".join([f"t={self.timestamp}", *(f"v1={one}" for one in self.v1)])


def parse(header: str | None) -> Signature:
    """Read the header strictly, before any library sees it; raises ``NotVerified``.

    Two headers arrive joined by a comma, hence with two ``t``. Other schemes are passed over.
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
    now: float,
    tolerance_seconds: int,
) -> str:
    """The name of the secret that signed the body; raises ``NotVerified``."""
    name = _signer(signature, body, secrets)
    if name is None:
        raise NotVerified(Fault.NO_MATCH)
    # The fraction of `now` counts, as in Stripe's library: what we take, it takes too.
    if int(signature.timestamp) < now - tolerance_seconds:
        raise NotVerified(Fault.TOO_OLD)
    if int(signature.timestamp) > now + tolerance_seconds:
        raise NotVerified(Fault.TOO_NEW)
    return name


def _signer(signature: Signature, body: bytes, secrets: Sequence[NamedSecret]) -> str | None:
    """Compares against every secret, also after one fitted: the time taken tells nothing."""
    fitting = [secret.name for secret in secrets if _fits(signature, body, secret.value)]
    return fitting[0] if fitting else None


def _fits(signature: Signature, body: bytes, secret: str) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # Stripe's library signs texts only; what was signed and is none goes to quarantine.
        return _fits_bytes(signature, body, secret)
    # Without a tolerance: the library's window has one side, and a clock of its own.
    try:
        stripe.WebhookSignature.verify_header(text, signature.header, secret, tolerance=None)
    except stripe.SignatureVerificationError:
        return False
    return True


def _fits_bytes(signature: Signature, body: bytes, secret: str) -> bool:
    signed = signature.timestamp.encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, sha256).hexdigest().encode()
    return any(hmac.compare_digest(expected, one.encode()) for one in signature.v1)
