"""Ids in Stripe's form, drawn from a seeded generator so that a history can be made again."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_PAYMENTS = frozenset({"pi", "ch", "py", "re", "pyr"})
_SHORT = {"cus": 14, "si": 14, "prod": 14, "ca": 32}
_BY_CHANCE = {"cs_test": 58, "cs_live": 58}
# Where the time in Stripe's ids begins; recorded: `txn_16g5h6…` is of 1441079064 and
# `src_1Ndyhv…` of 1691773263, `si_OQqO…` of the same minute.
_EPOCH = 1_342_389_380


class Ids:
    """Draws ids; what was drawn before and the time decide what comes next, and nothing else.

    As in Stripe's, most begin with the time: what is made together stands together in an index.
    """

    def __init__(self, rng: Random, now: Callable[[], int]) -> None:
        self._rng = rng
        self._now = now

    def text(self, length: int) -> str:
        """That many base62 characters."""
        return "".join(self._rng.choices(ALPHABET, k=length))

    def new(self, prefix: str) -> str:
        """A new id of that prefix, as long as Stripe makes them."""
        if prefix == "acct":
            return f"acct_1{self._seconds()}{self.text(10)}"
        if prefix in _BY_CHANCE:
            return f"{prefix}_{self.text(_BY_CHANCE[prefix])}"
        if prefix in _SHORT:
            return f"{prefix}_{_base62(self._elapsed() // 60, 4)}{self.text(_SHORT[prefix] - 4)}"
        return f"{prefix}_{self._long(payment=prefix in _PAYMENTS)}"

    def event(self, *, payment: bool) -> str:
        """A new event id; those of payments count from 3, the others from 1, as Stripe's do."""
        return f"evt_{self._long(payment=payment)}"

    def key(self) -> str:
        """An idempotency key: a UUID's shape."""
        digits = f"{self._rng.getrandbits(128):032x}"
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        return "-".join(parts)

    def _long(self, *, payment: bool) -> str:
        return f"{'3' if payment else '1'}{self._seconds()}{self.text(18)}"

    def _seconds(self) -> str:
        return _base62(self._elapsed(), 5)

    def _elapsed(self) -> int:
        return max(0, self._now() - _EPOCH)


def _base62(number: int, digits: int) -> str:
    """The last digits of a number, the greatest first; they sort as the numbers do."""
    found = ""
    for _ in range(digits):
        number, digit = divmod(number, len(ALPHABET))
        found = ALPHABET[digit] + found
    return found
