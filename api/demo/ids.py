"""Ids in Stripe's form, drawn from a seeded generator so that a history can be made again."""

from __future__ import annotations

from random import Random

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_PAYMENTS = frozenset({"pi", "ch", "py", "re", "pyr"})
_LENGTHS = {"cus": 14, "si": 14, "prod": 14, "ca": 32, "cs_test": 58, "cs_live": 58}


class Ids:
    """Draws ids; what was drawn before decides what comes next, and nothing else does."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def text(self, length: int) -> str:
        """That many base62 characters."""
        return "".join(self._rng.choices(ALPHABET, k=length))

    def new(self, prefix: str) -> str:
        """A new id of that prefix, as long as Stripe makes them."""
        if prefix == "acct":
            return f"acct_1P{self.text(14)}"
        if prefix in _LENGTHS:
            return f"{prefix}_{self.text(_LENGTHS[prefix])}"
        return f"{prefix}_{'3P' if prefix in _PAYMENTS else '1P'}{self.text(22)}"

    def event(self, *, payment: bool) -> str:
        """A new event id; those of payments count from 3, the others from 1, as Stripe's do."""
        return f"evt_{'3P' if payment else '1P'}{self.text(22)}"

    def key(self) -> str:
        """An idempotency key: a UUID's shape."""
        digits = f"{self._rng.getrandbits(128):032x}"
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        return "-".join(parts)
