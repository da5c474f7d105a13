"""Ids in Stripe's format, from a seeded generator so that a history can be reproduced."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_PAYMENTS = frozenset({"pi", "ch", "py", "re", "pyr"})
_SHORT = {"cus": 14, "si": 14, "prod": 14, "ca": 32}
_RANDOM = {"cs_test": 58, "cs_live": 58}
# When the time in Stripe's ids begins; recorded: `txn_16g5h6…` is of 1441079064 and
# `src_1Ndyhv…` of 1691773263, `si_OQqO…` of the same minute.
_EPOCH = 1_342_389_380


class Ids:
    """Generates ids from a random source and a clock that returns Unix seconds.

    As Stripe's, most ids begin with the time: ids of one moment are neighbours in an index.
    """

    def __init__(self, rng: Random, clock: Callable[[], int]) -> None:
        self._rng = rng
        self._clock = clock

    def text(self, length: int) -> str:
        """Return a random text of that many base62 characters."""
        return "".join(self._rng.choices(ALPHABET, k=length))

    def new(self, prefix: str) -> str:
        """Return a new id with that prefix, as long as Stripe's."""
        if prefix == "acct":
            return f"acct_1{self._seconds()}{self.text(10)}"
        if prefix in _RANDOM:
            return f"{prefix}_{self.text(_RANDOM[prefix])}"
        if prefix in _SHORT:
            return f"{prefix}_{_base62(self._elapsed() // 60, 4)}{self.text(_SHORT[prefix] - 4)}"
        return f"{prefix}_{self._long(is_payment=prefix in _PAYMENTS)}"

    def event(self, *, is_payment: bool) -> str:
        """Return a new event id; a payment's begins with 3, any other with 1, as Stripe's do."""
        return f"evt_{self._long(is_payment=is_payment)}"

    def key(self) -> str:
        """Return a new idempotency key, in the format of a UUID."""
        digits = f"{self._rng.getrandbits(128):032x}"
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        return "-".join(parts)

    def _long(self, *, is_payment: bool) -> str:
        return f"{'3' if is_payment else '1'}{self._seconds()}{self.text(18)}"

    def _seconds(self) -> str:
        return _base62(self._elapsed(), 5)

    def _elapsed(self) -> int:
        return max(0, self._clock() - _EPOCH)


def _base62(number: int, digits: int) -> str:
    """Return the last base62 digits of a number, most significant first, so that texts sort."""
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, len(ALPHABET))
        text = ALPHABET[digit] + text
    return text
