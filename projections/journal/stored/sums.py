"""Running sums over both times: blocks of positions by spans of dates.

What a position adds to a balance at a date is added to a block of positions of each level, in a
span of dates of each tier. A balance at any position and date is then a few whole blocks in a few
whole spans, and the lines of what is left: less than a block of positions, less than an hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from projections.journal.stored.amounts import split

__all__ = ["BLOCK", "HOUR", "Movement", "Piece", "added", "pieces"]

# Positions of a block, by level, as powers of two.
_LEVELS = (20, 16, 12)
BLOCK = 1 << _LEVELS[-1]
HOUR = 3600
# Seconds of a span, by tier.
_TIERS = (32 * 86_400, 86_400, HOUR)

Sum = tuple[int, int, int, int]
# Book, level, tier, block, span and slot.
SumKey = tuple[int, int, int, int, int, int]


class Movement(NamedTuple):
    """What a position adds to a slot at a date, or with ``sign`` -1 takes away."""

    position: int
    date: int
    book: int
    slot: int
    amount: int
    sign: int


def added(movements: Iterable[Movement]) -> Mapping[SumKey, Sum]:
    """What some movements add to the sums: debits and credits."""
    daily: dict[SumKey, list[int]] = defaultdict(lambda: [0, 0])
    for position, date, book, slot, amount, sign in movements:
        credit, of_slot = amount < 0, sign * abs(amount)
        for level, bits in enumerate(_LEVELS):
            block = position >> bits
            for tier, seconds in enumerate(_TIERS):
                daily[book, level, tier, block, date // seconds, slot][credit] += of_slot
    return {
        key: (*split(debit), *split(credit)) for key, (debit, credit) in daily.items()
        if debit or credit
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """Sums of one level and tier: blocks, and spans from ``first`` to before ``end``.

    ``first`` and ``end`` None: all spans.
    """

    level: int
    tier: int
    blocks: tuple[int, ...]
    first: int | None
    end: int | None


def pieces(position: int, before: int | None) -> Iterator[Piece]:
    """The sums of all whole blocks of positions up to ``position``, and of the whole hours before
    a time; what is left is ``position // BLOCK * BLOCK`` and later, and ``before // HOUR * HOUR``
    and later."""
    begin = 0
    for level, bits in enumerate(_LEVELS):
        end = (position + 1) >> bits
        blocks = tuple(range(begin, end))
        if blocks:
            for tier, first, until in _spans(before):
                yield Piece(level, tier, blocks, first, until)
        if level + 1 < len(_LEVELS):
            begin = end << (bits - _LEVELS[level + 1])


def _spans(before: int | None) -> Iterator[tuple[int, int | None, int | None]]:
    if before is None:
        yield 0, None, None
        return
    first = None
    for tier, seconds in enumerate(_TIERS):
        end = before // seconds
        if first is None or first < end:
            yield tier, first, end
        if tier + 1 < len(_TIERS):
            first = end * seconds // _TIERS[tier + 1]
