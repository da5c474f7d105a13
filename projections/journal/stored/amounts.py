"""Amounts as two columns of 64 bits, so that no sum of them is ever too large."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Wide", "joined", "split"]

_BITS = 32
_LOW = (1 << _BITS) - 1


class Wide(NamedTuple):
    """``high * 2**32 + low``; of a single amount ``low`` is not negative, of a sum it is any."""

    high: int
    low: int


def split(amount: int) -> Wide:
    """An amount as its columns; the sign is that of ``high``."""
    return Wide(amount >> _BITS, amount & _LOW)


def joined(high: int, low: int) -> int:
    """The amount of two columns, or the sum of the amounts of which they are sums."""
    return (int(high) << _BITS) + int(low)
